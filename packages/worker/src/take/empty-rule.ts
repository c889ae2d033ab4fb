/** What a passive declare says of a queue. */
export interface Reading {
  /** Items that wait. */
  readonly ready: number
  /** Everyone who consumes, this worker included while it does. */
  readonly consumers: number
}

/**
 * What an idle worker does after a look at its queue.
 *
 * - `wait`: stay a consumer; an item is on its way, or the reading proves nothing.
 * - `stand-aside`: stop consuming for a moment of random length, so that the idle do not take each other for busy.
 * - `consume`: be a consumer again, and look again at once.
 * - `empty`: nothing is left, and nobody can give anything back.
 */
export type Step = 'wait' | 'stand-aside' | 'consume' | 'empty'

/**
 * The rule by which a worker believes that a queue is empty.
 *
 * 0 ready and 0 consumers is also what a quorum queue without a leader reads as, so only a reading that counts this
 * worker's own consumer is believed. Other consumers, busy or idle or dead, may hold an item and give it back; a
 * worker that handles an item stays a consumer meanwhile, which is how the idle see it.
 */
export function nextStep(consuming: boolean, { ready, consumers }: Reading): Step {
  if (ready > 0) return consuming ? 'wait' : 'consume'
  if (!consuming) return consumers === 0 ? 'consume' : 'stand-aside'
  if (consumers === 0) return 'wait'
  return consumers === 1 ? 'empty' : 'stand-aside'
}

/** Whether a reading is the word of the queue's leader: a queue without one counts nobody. */
export function isBelievable({ ready, consumers }: Reading): boolean {
  return ready > 0 || consumers > 0
}
