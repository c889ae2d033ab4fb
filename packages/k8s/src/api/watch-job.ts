import { K8sError } from '../errors.ts'
import { MANAGED_BY } from '../spec/managed-by.ts'
import type { JobObject } from './api-objects.ts'
import { EventQueue } from './event-queue.ts'
import type { KubeApi } from './kube-api.ts'
import { getJob, jobsPath } from './resources.ts'
import { type WatchEvent, type WatchOptions, watch } from './watch.ts'

/** Options of {@link watchJob}. */
export interface JobWatchOptions {
  readonly name: string
  readonly namespace: string
  /** The version at which the watch begins. Default: it begins with a list. */
  readonly resourceVersion?: string | undefined
  readonly unreachableMs: number
  readonly silenceMs: number
  readonly signal: AbortSignal
  /** Told when the connection is back after it was lost. */
  readonly onReconnected?: WatchOptions['onReconnected'] | undefined
}

/** As many Jobs are watched one by one. With HTTP/1.1 each of these watches has a connection of its own. */
const SINGLE_WATCHES = 4

/** The watches of one client. */
interface Watches {
  single: number
  /** By namespace and times: the watches that several Jobs share. */
  readonly shared: Map<string, SharedWatch>
  /** Namespaces of which the client may not watch all Jobs. */
  readonly refused: Set<string>
}

const clients = new WeakMap<KubeApi, Watches>()

/**
 * Watches one Job, as {@link watch} does. A client that waits for more than a few Jobs of a namespace has one watch for all
 * others, if it has the right to list and watch Jobs without a name.
 */
export async function* watchJob(
  api: KubeApi,
  options: JobWatchOptions,
): AsyncGenerator<WatchEvent<JobObject>, void, undefined> {
  const watches = clients.get(api) ?? { single: 0, shared: new Map(), refused: new Set() }
  clients.set(api, watches)
  const { namespace, unreachableMs, silenceMs } = options
  const key = `${namespace} ${unreachableMs} ${silenceMs}`
  const open = watches.shared.get(key)
  // The end of a single watch ends its connection too, so a shared one that is open comes first.
  if (watches.refused.has(namespace) || (open === undefined && watches.single < SINGLE_WATCHES)) {
    yield* single(api, options, watches)
    return
  }
  const shared = open ?? new SharedWatch(api, options, () => watches.shared.delete(key))
  watches.shared.set(key, shared)
  try {
    if ((yield* shared.events(options)) === 'other') yield* single(api, options, watches)
  } catch (error) {
    if (!(error instanceof K8sError) || error.code !== 'FORBIDDEN') throw error
    watches.refused.add(namespace)
    yield* single(api, options, watches)
  }
}

async function* single(
  api: KubeApi,
  { name, onReconnected, ...options }: JobWatchOptions,
  watches: Watches,
): AsyncGenerator<WatchEvent<JobObject>, void, undefined> {
  watches.single++
  try {
    yield* watch<JobObject>(api, {
      ...options,
      resource: 'jobs',
      path: jobsPath(options.namespace),
      fieldSelector: `metadata.name=${name}`,
      ...(onReconnected === undefined ? {} : { onReconnected }),
    })
  } finally {
    watches.single--
  }
}

interface Subscriber {
  readonly name: string
  readonly queue: EventQueue<WatchEvent<JobObject>>
  readonly onReconnected: WatchOptions['onReconnected']
}

/** One watch of podqueue's Jobs in a namespace, for as long as somebody waits for one of them. */
class SharedWatch {
  readonly #api: KubeApi
  readonly #options: JobWatchOptions
  readonly #onUnused: () => void
  readonly #subscribers = new Set<Subscriber>()
  readonly #unused = new AbortController()

  constructor(api: KubeApi, options: JobWatchOptions, onUnused: () => void) {
    this.#api = api
    this.#options = options
    this.#onUnused = onUnused
    // Begun by the first subscriber, which is there before the first answer.
    this.#follow().catch((error: unknown) => {
      onUnused()
      for (const { queue } of this.#subscribers) queue.fail(error)
    })
  }

  /** The events of one Job; ends with `'other'` when it is no Job of podqueue's, or not any more. */
  async *events(options: JobWatchOptions): AsyncGenerator<WatchEvent<JobObject>, 'other', undefined> {
    const { name, signal, onReconnected } = options
    const queue = new EventQueue<WatchEvent<JobObject>>()
    const subscriber = { name, queue, onReconnected }
    this.#subscribers.add(subscriber)
    try {
      // Events from before the subscription are not in the queue. The Job as it is now says all of them.
      let job = await this.#read(options)
      yield { type: 'listed', items: job === undefined ? [] : [job] }
      while (true) {
        if (job !== undefined && job.metadata.labels?.[MANAGED_BY.label] !== MANAGED_BY.value) return 'other'
        const event = await queue.next(signal)
        if (event.type === 'changed') {
          if (isOlder(event.item, job)) continue
          job = event.item
          yield event
          continue
        }
        if (event.type === 'deleted' && isOlder(event.item, job)) continue
        // A Job whose label was removed is gone from this watch, and is not gone.
        job = await this.#read(options)
        yield { type: 'listed', items: job === undefined ? [] : [job] }
      }
    } finally {
      this.#subscribers.delete(subscriber)
      if (this.#subscribers.size === 0) {
        this.#onUnused()
        this.#unused.abort()
      }
    }
  }

  #read({ name, namespace, signal, unreachableMs }: JobWatchOptions): Promise<JobObject | undefined> {
    return getJob(this.#api, { name, namespace }, { signal, withinMs: unreachableMs })
  }

  async #follow(): Promise<void> {
    const { namespace, unreachableMs, silenceMs } = this.#options
    const events = watch<JobObject>(this.#api, {
      resource: 'jobs',
      namespace,
      path: jobsPath(namespace),
      labelSelector: `${MANAGED_BY.label}=${MANAGED_BY.value}`,
      unreachableMs,
      silenceMs,
      signal: this.#unused.signal,
      onReconnected: (event) => {
        for (const { onReconnected } of this.#subscribers) onReconnected?.(event)
      },
    })
    for await (const event of events) {
      for (const { name, queue } of this.#subscribers) {
        if (event.type === 'listed') {
          queue.push({ type: 'listed', items: event.items.filter(({ metadata }) => metadata.name === name) })
        } else if (event.item.metadata.name === name) {
          queue.push(event)
        }
      }
    }
  }
}

/** Whether an event says less than what is known. Versions of one kind of object are numbers that grow. */
function isOlder({ metadata }: JobObject, known: JobObject | undefined): boolean {
  return known !== undefined && Number(metadata.resourceVersion) <= Number(known.metadata.resourceVersion)
}
