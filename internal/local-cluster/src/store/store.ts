import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../objects/objects.ts'
import { RESOURCE_TYPES, type ResourceType } from './resource-types.ts'

/** The number of changes that the history of each kind holds. A watch from before the oldest of them gets 410. */
const HISTORY_LIMIT = 4096
/** The number of changes that the history forgets at a time. */
const HISTORY_STEP = 512

/** One change of one object. `version` is the resourceVersion that the change gave to the object. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: ResourceType
  readonly version: number
  readonly object: KubeObject
  /** The object before the change. A selector may match only one of the two. */
  readonly previous?: KubeObject
}

interface Shelf {
  readonly objects: Map<string, KubeObject>
  history: Change[]
  /** The newest version that the history has forgotten. */
  forgotten: number
}

/**
 * Holds every object of the cluster and its latest changes. A stored object never changes in place.
 *
 * Listeners hear the changes in the order of their resourceVersions, each listener every change. A change that a listener
 * makes is told after the current one, to all of them.
 */
export class Store {
  readonly #shelves = new Map<ResourceType, Shelf>(
    RESOURCE_TYPES.map((type) => [type, { objects: new Map(), history: [], forgotten: 0 }]),
  )
  /** The listeners, each with the version at which it began to listen. */
  readonly #listeners = new Map<(change: Change) => void, number>()
  readonly #untold: Change[] = []
  #telling = false
  #version = 1

  /** The resourceVersion of the latest change of any object. */
  get version(): number {
    return this.#version
  }

  get<T extends KubeObject>(type: ResourceType, namespace: string | undefined, name: string): T | undefined {
    return this.#shelf(type).objects.get(key(namespace, name)) as T | undefined
  }

  /** The objects in the order of their creation. */
  list<T extends KubeObject>(type: ResourceType, namespace?: string): T[] {
    const all = [...this.#shelf(type).objects.values()] as T[]
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace)
  }

  /** Returns the stored object, or undefined when the name is taken. */
  create<T extends KubeObject>(type: ResourceType, object: T): T | undefined {
    const { objects } = this.#shelf(type)
    const at = key(object.metadata.namespace, object.metadata.name)
    if (objects.has(at)) return undefined
    const stored = this.#versioned(object)
    objects.set(at, stored)
    this.#record({ type: 'ADDED', resource: type, version: this.#version, object: stored })
    if (type.limit !== undefined && objects.size > type.limit) {
      const [oldest] = objects.values()
      if (oldest) this.remove(type, oldest.metadata.namespace, oldest.metadata.name)
    }
    return stored
  }

  /** Replaces an object by the result of `change`. Does nothing when that is equal to the object, or when the object is gone. */
  update<T extends KubeObject>(
    type: ResourceType,
    { metadata: { namespace, name, uid } }: KubeObject,
    change: (current: T) => T,
  ): T | undefined {
    const { objects } = this.#shelf(type)
    const at = key(namespace, name)
    const previous = objects.get(at) as T | undefined
    if (!previous || previous.metadata.uid !== uid) return undefined
    const next = change(previous)
    if (next === previous || isDeepStrictEqual(next, previous)) return previous
    const stored = this.#versioned(next)
    objects.set(at, stored)
    this.#record({ type: 'MODIFIED', resource: type, version: this.#version, object: stored, previous })
    return stored
  }

  remove(type: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    const { objects } = this.#shelf(type)
    const at = key(namespace, name)
    const previous = objects.get(at)
    if (!previous) return undefined
    objects.delete(at)
    const object = this.#versioned(previous)
    this.#record({ type: 'DELETED', resource: type, version: this.#version, object, previous })
    return object
  }

  /** The changes of one kind of object after a version. Undefined when the history no longer reaches back to it. */
  since(type: ResourceType, version: number): readonly Change[] | undefined {
    const { history, forgotten } = this.#shelf(type)
    if (version < forgotten) return undefined
    return history.filter((change) => change.version > version)
  }

  /** Forgets all earlier changes: a watch from before them has to list again. */
  dropHistory(): void {
    // Takes a version: a watch from the version of the last change is not too old otherwise.
    this.#version++
    for (const shelf of this.#shelves.values()) {
      shelf.history = []
      shelf.forgotten = this.#version
    }
  }

  /** Calls `listener` for each change from now on. Returns a function that ends this. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.set(listener, this.#version)
    return () => this.#listeners.delete(listener)
  }

  #shelf(type: ResourceType): Shelf {
    const shelf = this.#shelves.get(type)
    if (!shelf) throw new Error(`no such kind of object: ${type.kind}`)
    return shelf
  }

  #versioned<T extends KubeObject>(object: T): T {
    this.#version++
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
  }

  #record(change: Change): void {
    const shelf = this.#shelf(change.resource)
    shelf.history.push(change)
    if (shelf.history.length > HISTORY_LIMIT) forgetOldest(shelf)
    this.#untold.push(change)
    if (!this.#telling) this.#tell()
  }

  /** Tells every change that waits. A listener may make more: they come after it. */
  #tell(): void {
    this.#telling = true
    const errors: unknown[] = []
    for (let change = this.#untold.shift(); change !== undefined; change = this.#untold.shift()) {
      for (const [listener, from] of [...this.#listeners]) {
        // An earlier listener may have ended this one. One that began after the change has it in its list.
        if (change.version <= from || !this.#listeners.has(listener)) continue
        try {
          listener(change)
        } catch (error) {
          errors.push(error)
        }
      }
    }
    this.#telling = false
    if (errors.length > 0) throw errors[0]
  }
}

/** Drops many changes at a time: removing one from the front of an array at each change costs more than everything else here. */
function forgetOldest(shelf: Shelf): void {
  shelf.forgotten = shelf.history[HISTORY_STEP - 1]?.version ?? shelf.forgotten
  shelf.history = shelf.history.slice(HISTORY_STEP)
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`
}
