import { randomUUID } from 'node:crypto'
import { type KubeObject, kubeTime } from '../objects/objects.ts'
import { EVENTS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'

export interface EventNote {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** `spec.containers{name}` for what concerns one container. */
  readonly fieldPath?: string
}

interface StoredEvent extends KubeObject {
  readonly count: number
}

/** Writes events about objects. The same words about the same object raise the count of the event that is there. */
export class EventRecorder {
  readonly #store: Store
  #last = 0n

  constructor(store: Store) {
    this.#store = store
  }

  record(component: string, about: KubeObject, note: EventNote): void {
    const { name, namespace = 'default', uid, resourceVersion } = about.metadata
    const now = kubeTime(Date.now())
    const again = note.type === 'Warning' ? this.#find(about, note) : undefined
    if (again) {
      this.#store.update<StoredEvent>(EVENTS, again, (event) => ({
        ...event,
        count: event.count + 1,
        lastTimestamp: now,
      }))
      return
    }
    const event: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${name}.${this.#stamp().toString(16)}`,
        namespace,
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: now,
      },
      involvedObject: {
        kind: about.kind,
        namespace,
        name,
        uid,
        apiVersion: about.apiVersion,
        resourceVersion,
        ...(note.fieldPath !== undefined && { fieldPath: note.fieldPath }),
      },
      reason: note.reason,
      message: note.message,
      source: { component },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type: note.type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: '',
    }
    this.#store.create(EVENTS, event)
  }

  #find(about: KubeObject, note: EventNote): StoredEvent | undefined {
    return this.#store
      .list<StoredEvent & { reason: string; message: string; involvedObject: { uid: string } }>(EVENTS)
      .find(
        (event) =>
          event.involvedObject.uid === about.metadata.uid &&
          event.reason === note.reason &&
          event.message === note.message,
      )
  }

  /** Nanoseconds, each once: the second half of an event's name. */
  #stamp(): bigint {
    const now = BigInt(Date.now()) * 1_000_000n
    this.#last = now > this.#last ? now : this.#last + 1n
    return this.#last
  }
}
