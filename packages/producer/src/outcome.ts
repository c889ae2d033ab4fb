/**
 * The ways in which an item can end without being confirmed.
 *
 * - `returned`: there was no queue to take it.
 * - `nacked`: the broker refused it, for example because the queue is full.
 * - `unknown`: the connection was lost, or the time ran out, before the broker answered. The item may be in the queue.
 * - `invalid`: it cannot be published: it cannot be encoded, it is too large, or the broker does not accept it.
 */
export type Failure = 'returned' | 'nacked' | 'unknown' | 'invalid'

/** Every way in which an item can end. */
export type ItemOutcome = 'confirmed' | Failure

/** The number of items that ended in each way. The numbers add up to `total`. */
export interface OutcomeCounts {
  /** Items that were read from the source. */
  readonly total: number
  readonly confirmed: number
  readonly returned: number
  readonly nacked: number
  readonly unknown: number
  readonly invalid: number
}
