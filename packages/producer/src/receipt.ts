import { ProducerError, type ProducerErrorCode } from './errors.ts'
import type { Message } from './items/message.ts'

/** What came of a call of `enqueue` in which every item was confirmed. */
export interface Receipt {
  readonly queue: string
  /** Items taken from the source. */
  readonly total: number
  /** Items that the broker has on disk; equal to `total`. */
  readonly confirmed: number
  /** Bytes of all bodies. */
  readonly bytes: number
  /** Of those confirmed, how many an earlier run had, by its journal. Only with a journal. */
  readonly resumed?: number
  /** From the call to the last confirm, milliseconds. */
  readonly durationMs: number
}

/**
 * How an item can end, other than confirmed: `returned`: there was no queue to take it. `nacked`: the broker said no,
 * as for a full queue. `unknown`: the connection was lost, or time ran out, before the broker said either; it may be in
 * the queue. `invalid`: it cannot be encoded or is too large, and was never sent.
 */
export type Failure = 'returned' | 'nacked' | 'unknown' | 'invalid'

/** Every way in which an item can end. */
export type Outcome = 'confirmed' | Failure

/** The number of items that ended in each way; together they are `total`. */
export interface OutcomeCounts {
  readonly total: number
  readonly confirmed: number
  readonly returned: number
  readonly nacked: number
  readonly unknown: number
  readonly invalid: number
}

/** One item that was not confirmed. */
export interface ItemFailure {
  /** Its place in `items`, from 0. */
  readonly index: number
  /** The item; `failures.map((failure) => failure.message)` may be enqueued again, with the same ids. One that is invalid is so again. */
  readonly message: Message
  readonly outcome: Failure
  /** Why, for people. Never the body. */
  readonly reason: string
  /** What a schema, `encode` or `messageId` of the app said or threw: it may quote the item. */
  readonly cause?: unknown
}

/** Thrown when not every item of a call was confirmed: says how many ended how, and which ones did not make it. */
export class EnqueueError extends ProducerError {
  static override readonly brand: symbol = Symbol.for('@podqueue/producer.EnqueueError')
  override readonly name: string = 'EnqueueError'
  readonly queue: string
  readonly counts: OutcomeCounts
  /** Items read from the source; those after it were never looked at. */
  readonly consumed: number
  /** Not enumerable, since they hold the items: a logger that prints the error does not print those. */
  readonly failures: readonly ItemFailure[]

  constructor(fields: {
    readonly code: ProducerErrorCode
    readonly queue: string
    readonly counts: OutcomeCounts
    readonly failures: readonly ItemFailure[]
    readonly cause?: unknown
    readonly hint?: string | undefined
    readonly retryable?: boolean
    readonly what?: string
  }) {
    const { queue, counts, failures } = fields
    super({
      code: fields.code,
      message: `${counts.confirmed} of ${counts.total} items are confirmed in queue ${queue}${fields.what ?? ''}${listed(counts, failures)}`,
      hint: fields.hint ?? (failures.length > 0 && failures.every(isInvalid) ? CORRECT_THEM : TRY_AGAIN),
      retryable: fields.retryable ?? false,
      details: { queue, counts },
      cause: fields.cause,
    })
    this.queue = queue
    this.counts = counts
    this.consumed = counts.total
    this.failures = failures
    Object.defineProperty(this, 'failures', { enumerable: false })
  }
}

const TRY_AGAIN = 'See failures: failures.map((failure) => failure.message) may be enqueued again.'
const CORRECT_THEM =
  'See failures, each with its index and reason: enqueued again as they are, they would be invalid again.'

function isInvalid({ outcome }: ItemFailure): boolean {
  return outcome === 'invalid'
}

function listed(counts: OutcomeCounts, failures: readonly ItemFailure[]): string {
  const ways = (['returned', 'nacked', 'unknown', 'invalid'] as const).filter((way) => counts[way] > 0)
  if (ways.length === 0) return '.'
  const numbers = ways.map((way) => `${counts[way]} ${way}`).join(', ')
  const first = failures[0]
  return `: ${numbers}.${first === undefined ? '' : ` The first is item ${first.index}: ${first.reason}`}`
}
