import { late, within } from '@internal/async'

/** A reading of a queue: the result of `inspectQueue` of `@podqueue/producer`, or one of your own. */
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

/** Reads the queue of a run. */
export type InspectQueue = () => Promise<QueueReading>

/**
 * Calls an app's `inspectQueue`. It is code of the app: whatever it throws, returns or never settles becomes an error here.
 *
 * @throws what it throws; an error when it takes longer than `timeoutMs`, or returns something else than a reading
 */
export async function readQueue(
  inspectQueue: InspectQueue,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<QueueReading> {
  const reading: unknown = await within((async () => inspectQueue())(), timeoutMs, signal)
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
