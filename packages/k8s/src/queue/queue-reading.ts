import { late, within } from '@internal/async'
import type { DeadItem } from './dead-item.ts'

/** A reading of a queue: the result of `inspect` of a queue of `@podqueue/producer`, or one of your own. */
export interface QueueReading {
  /** Items that wait to be taken. */
  readonly ready: number
  /** Consumers of the queue: each may hold an item, and give it back. */
  readonly consumers: number
  /** Whether the numbers can be believed: a quorum queue without a leader reads as empty. */
  readonly verified: boolean
  /** Messages in the queue's dead-letter queue, if that is known. */
  readonly deadLetters?: number | undefined
}

/** How a queue is read. */
export interface ReadOptions {
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined
  /**
   * Whether an item may be taken out for a moment to prove that none is there. False for a reading on the way, which must not
   * change what it looks at. Default: true.
   */
  readonly mayTake?: boolean | undefined
}

/**
 * The queue of a run, as {@link runJob} reads it: `producer.queue('job1')` of `@podqueue/producer`, or an object of your own that
 * counts in another way.
 */
export interface RunQueue {
  /** The queue's name. With it the spec need not say the name again. */
  readonly name?: string | undefined
  /** Reads the queue now. An error whose `retryable` is false is believed to last; after any other it is read again. */
  inspect(options: ReadOptions): Promise<QueueReading>
  /**
   * Lists dead letters, the oldest first, after passing over `skip` of them; at most `limit`. With it the result and the errors of a
   * run name the items that died. Left out: they are only counted.
   */
  listDeadLetters?(
    options: ReadOptions & { readonly skip: number; readonly limit: number },
  ): Promise<readonly DeadItem[]>
}

/** The same queue, read in another way. */
export function readingBy(queue: RunQueue, inspect: RunQueue['inspect']): RunQueue {
  return {
    name: queue.name,
    inspect,
    ...(queue.listDeadLetters === undefined ? {} : { listDeadLetters: queue.listDeadLetters.bind(queue) }),
  }
}

/**
 * Reads the queue of a run. That is code of the app: whatever it throws, returns or never settles becomes an error here.
 *
 * @throws what it throws; an error when it takes longer than `timeoutMs`, or returns something else than a reading
 */
export async function readQueue(
  queue: RunQueue,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  how: Omit<ReadOptions, 'signal'> = {},
): Promise<QueueReading> {
  const reading: unknown = await within((async () => queue.inspect({ ...how, signal }))(), timeoutMs, signal)
  if (reading === late) throw new Error('it did not answer')
  if (isReading(reading)) return reading
  throw new TypeError('it returned no reading: an object with `ready` and `consumers`, whole numbers, and `verified`')
}

function isReading(value: unknown): value is QueueReading {
  if (typeof value !== 'object' || value === null) return false
  const { ready, consumers, verified, deadLetters } = value as Partial<Record<keyof QueueReading, unknown>>
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0
  return (
    isCount(ready) &&
    isCount(consumers) &&
    typeof verified === 'boolean' &&
    (deadLetters === undefined || isCount(deadLetters))
  )
}

/** The meaning of a reading after the Job's end. `'again'`: look again, it may change by itself. */
export type Count = 'empty' | 'left' | 'again'

/**
 * Decides what a reading after the Job's end means. All pods have ended by then, but the broker may not know yet of a
 * connection that died with its node. While it counts a consumer, an item may come back.
 */
export function countOf({ ready, consumers, verified }: QueueReading): Count {
  if (!verified || consumers > 0) return 'again'
  return ready === 0 ? 'empty' : 'left'
}
