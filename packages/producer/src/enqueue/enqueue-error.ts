import { showText } from '@internal/errors'
import { ProducerError, type ProducerErrorDetails } from '../errors.ts'
import type { OutcomeCounts } from '../outcome.ts'
import type { ItemFailure } from '../publish/item-failure.ts'

/** The codes of {@link EnqueueError}. */
export type EnqueueErrorCode = 'NOT_ALL_CONFIRMED' | 'SOURCE_FAILED' | 'JOURNAL_FAILED' | 'ABORTED'

/** An {@link EnqueueError} of any code. */
export type AnyEnqueueError = { [Code in EnqueueErrorCode]: EnqueueError<Code> }[EnqueueErrorCode]

/** Thrown when not every item of a call was confirmed: it has the number for each outcome, and the items that failed. */
export class EnqueueError<Code extends EnqueueErrorCode = EnqueueErrorCode> extends ProducerError<Code> {
  static override readonly brand: symbol = Symbol.for('@podqueue/producer.EnqueueError')
  override readonly name: string = 'EnqueueError'
  readonly queue: string
  /** How many items ended in each way. `counts.total` items were read; the source may have more. */
  readonly counts: OutcomeCounts
  /** Not enumerable, because they hold the items: a logger that prints the error does not print those. */
  readonly failures: readonly ItemFailure[]

  constructor(fields: {
    readonly code: Code
    readonly queue: string
    readonly counts: OutcomeCounts
    readonly failures: readonly ItemFailure[]
    readonly cause?: unknown
    readonly hint?: string | undefined
    readonly retryable?: boolean
    /** Goes into the message after the counts: when or why the call ended. */
    readonly circumstance?: string
  }) {
    const { queue, counts, failures } = fields
    super({
      code: fields.code,
      message: `${counts.confirmed} of ${counts.total} items are confirmed in queue ${showText(queue)}${fields.circumstance ?? ''}${listed(counts, failures)}`,
      hint: fields.hint ?? (failures.length > 0 && failures.every(isInvalid) ? CORRECT_THEM : TRY_AGAIN),
      retryable: fields.retryable ?? false,
      details: { queue, counts } as ProducerErrorDetails[Code],
      cause: fields.cause,
    })
    this.queue = queue
    this.counts = counts
    this.failures = failures
    Object.defineProperty(this, 'failures', { enumerable: false })
  }

  static override [Symbol.hasInstance](value: unknown): value is AnyEnqueueError {
    return super[Symbol.hasInstance](value)
  }
}

const TRY_AGAIN = 'See failures: failures.map((failure) => failure.message) may be enqueued again.'
const CORRECT_THEM =
  'See failures, each with its index and reason. Correct the items: without a change they would be invalid again.'

function isInvalid({ outcome }: ItemFailure): boolean {
  return outcome === 'invalid'
}

function listed(counts: OutcomeCounts, failures: readonly ItemFailure[]): string {
  const outcomes = (['returned', 'nacked', 'unknown', 'invalid'] as const).filter((outcome) => counts[outcome] > 0)
  if (outcomes.length === 0) return '.'
  const numbers = outcomes.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ')
  const first = failures[0]
  return `: ${numbers}.${first === undefined ? '' : ` The first is item ${first.index}: ${first.reason}`}`
}
