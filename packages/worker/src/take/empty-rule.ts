/** The answer to a passive declare of a queue. */
export interface Reading {
  /** Items that are ready for delivery. */
  readonly ready: number
  /** The number of consumers, with this worker among them while it consumes. */
  readonly consumers: number
}

/**
 * The next step of an idle worker after a look at its queue.
 *
 * - `wait`: stay a consumer. An item is on its way, or the reading proves nothing.
 * - `stand-aside`: stop consuming for a random time, so that idle workers do not take each other for busy ones.
 * - `consume`: be a consumer again, and look again at once.
 * - `empty`: nothing is left, and no other worker can give anything back.
 */
export type Step = 'wait' | 'stand-aside' | 'consume' | 'empty'

/**
 * The rule by which a worker believes that a queue is empty.
 *
 * A quorum queue without a leader also reads as 0 ready and 0 consumers, so the worker believes only a reading that counts its
 * own consumer. Other consumers, busy or idle or dead, may hold an item and give it back. A worker that handles an item stays a
 * consumer meanwhile, so idle workers see it.
 */
export function nextStep(consuming: boolean, { ready, consumers }: Reading): Step {
  if (ready > 0) return consuming ? 'wait' : 'consume'
  if (!consuming) return consumers === 0 ? 'consume' : 'stand-aside'
  if (consumers === 0) return 'wait'
  return consumers === 1 ? 'empty' : 'stand-aside'
}

/** Whether the leader of the queue gave this reading. A queue without a leader reads as 0 and 0. */
export function isBelievable({ ready, consumers }: Reading): boolean {
  return ready > 0 || consumers > 0
}

/** The longest time that an idle worker stands aside, milliseconds. */
const LONGEST_ASIDE_MS = 1_200

/**
 * The time that an idle worker stands aside, milliseconds. It is random, so that idle workers do not all look at the same moment. It
 * is short at first, so that the last workers of a queue leave quickly, and grows, so that many workers do not disturb each other.
 *
 * @param times the number of times that the worker stood aside before
 * @param random from 0 to 1
 */
export function asideMs(times: number, random: number): number {
  const longest = Math.min(LONGEST_ASIDE_MS, 150 * 2 ** times)
  return longest * (0.25 + 0.75 * random)
}
