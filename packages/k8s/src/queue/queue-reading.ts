/** What a queue's inspection says: the reading of `inspectQueue` of `@podqueue/producer`, or one of your own. */
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

/** What a reading after the Job's end means. `'again'`: look again, it may change by itself. */
export type Count = 'empty' | 'left' | 'again'

/**
 * What a reading after the Job's end means. All pods have ended by then, but the broker may not know yet of a
 * connection that died with its node: as long as it counts a consumer, an item may come back.
 */
export function countOf({ ready, consumers, verified }: QueueReading): Count {
  if (!verified || consumers > 0) return 'again'
  return ready === 0 ? 'empty' : 'left'
}
