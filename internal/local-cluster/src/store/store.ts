import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../objects.ts'
import { RESOURCE_TYPES, type ResourceType } from './resource-types.ts'
import { inOnePiece, Sharing } from './sharing.ts'

/** Changes remembered for each kind of object. A watch that starts before the oldest of them is answered with 410. */
const HISTORY_LIMIT = 4096
/** Changes that are forgotten at a time. */
const HISTORY_STEP = 512

/** One change of one object. `version` is the resourceVersion that it brought. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: ResourceType
  readonly version: number
  readonly object: KubeObject
  /** The object before: a selector may match only one of the two. */
  readonly previous?: KubeObject
}

interface Shelf {
  readonly objects: Map<string, KubeObject>
  history: Change[]
  /** The newest version that the history has forgotten. */
  forgotten: number
}

/**
 * Every object of the cluster and what became of them lately. Objects are never changed in place: what was read stays as
 * it was. Listeners run before a change returns, so a reader of list and history misses nothing between the two.
 */
export class Store {
  readonly #shelves = new Map<ResourceType, Shelf>(
    RESOURCE_TYPES.map((type) => [type, { objects: new Map(), history: [], forgotten: 0 }]),
  )
  readonly #sharing = new Sharing()
  readonly #listeners = new Set<(change: Change) => void>()
  #version = 1

  /** The resourceVersion of the latest change of anything. */
  get version(): number {
    return this.#version
  }

  get<T extends KubeObject>(type: ResourceType, namespace: string | undefined, name: string): T | undefined {
    return this.#shelf(type).objects.get(key(namespace, name)) as T | undefined
  }

  /** In the order of creation. */
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

  /** Puts what `change` makes of the object in its place; nothing happens when that is the same, or the object is gone. */
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

  /** Everything that happened to one kind of object after a version; undefined when that is not known any more. */
  since(type: ResourceType, version: number): readonly Change[] | undefined {
    const { history, forgotten } = this.#shelf(type)
    if (version < forgotten) return undefined
    return history.filter((change) => change.version > version)
  }

  /** Forgets what happened until now: whoever wants to know of it has to list again. */
  dropHistory(): void {
    // A version of its own, since a version that is not older than the last change is not too old.
    this.#version++
    for (const shelf of this.#shelves.values()) {
      shelf.history = []
      shelf.forgotten = this.#version
    }
  }

  /** Returns how to stop it. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
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
    if (shelf.history.length > HISTORY_LIMIT) this.#forget(shelf)
    for (const listener of [...this.#listeners]) listener(change)
  }

  /** Drops the oldest changes, many at a time: taking one off the front of an array each time would cost more than the rest. */
  #forget(shelf: Shelf): void {
    const [old, kept] = [shelf.history.slice(0, HISTORY_STEP), shelf.history.slice(HISTORY_STEP)]
    shelf.history = kept
    shelf.forgotten = old.at(-1)?.version ?? shelf.forgotten
    for (const { object } of old) {
      const at = key(object.metadata.namespace, object.metadata.name)
      // It has not changed for that long: most do not change again, and are what there are many of.
      if (shelf.objects.get(at) === object) shelf.objects.set(at, this.#sharing.share(object))
    }
  }
}

function key(namespace: string | undefined, name: string): string {
  return inOnePiece(`${namespace ?? ''}/${name}`)
}
