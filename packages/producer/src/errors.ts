import type { AmqpFault, AmqpFaultDetails } from '@internal/amqp'
import { CodedError, type ErrorFields } from '@internal/errors'
import type { Problem } from '@internal/options'
import type { OutcomeCounts } from './outcome.ts'

/**
 * An error that has no facts besides its message.
 *
 * @inline
 */
type NoDetails = Readonly<Record<string, never>>

/** The `details` of a {@link ProducerError} by its `code`. The names are stable; `docs/errors.md` has an entry for each. */
export interface ProducerErrorDetails extends AmqpFaultDetails {
  /** Options that cannot be right: all problems at once, each with its path. Nothing was sent. */
  INVALID_OPTIONS: { readonly problems: readonly Problem[] }
  /** `items` is a string, a byte array or nothing that can be iterated over. */
  INVALID_ITEMS: NoDetails
  /** Thrown as {@link EnqueueError} when at least one item was not confirmed. */
  NOT_ALL_CONFIRMED: { readonly queue: string; readonly counts: OutcomeCounts }
  /** Thrown as {@link EnqueueError} when the source of items threw. */
  SOURCE_FAILED: { readonly queue: string; readonly counts: OutcomeCounts }
  /** The signal of the call aborted. `queue` and `counts` are there when it is an {@link EnqueueError}. */
  ABORTED: { readonly queue?: string; readonly counts?: OutcomeCounts }
  /** The journal is about another queue or other items, or is no journal. Nothing was published. */
  JOURNAL_MISMATCH: {
    readonly journal?: string
    readonly index?: number
    readonly queue?: string
    readonly vhost?: string | null
  }
  /** Another process works with the journal. */
  JOURNAL_LOCKED: { readonly journal: string; readonly host?: string; readonly pid?: number }
  /** The journal cannot be read, or, as {@link EnqueueError}, cannot be written. */
  JOURNAL_FAILED: { readonly queue?: string; readonly counts?: OutcomeCounts }
  /** This version of RabbitMQ cannot do what the queue is to be declared with. */
  UNSUPPORTED_BY_BROKER: { readonly queue: string; readonly address: string; readonly version: string }
  /** The dead-letter queue drops messages that are looked at too often. */
  DEAD_LETTERS_LIMITED: { readonly queue: string; readonly address: string }
  /** Not all dead letters are back in their queue: `requeued` of them are. */
  REQUEUE_INCOMPLETE: { readonly queue: string; readonly requeued: number }
  /** The batch has no results, or they are deleted. */
  BATCH_NOT_FOUND: { readonly queue: string; readonly address: string }
  /** Items of a batch have neither a result nor a dead letter, and nobody works on its queue. */
  RESULTS_MISSING: { readonly queue: string; readonly batch: string; readonly missing: number }
  /** The queue that is to be deleted has items or consumers. */
  QUEUE_NOT_EMPTY: {
    readonly queue: string
    readonly address: string
    readonly ready: number
    readonly consumers: number
  }
  /** The producer is closed. */
  PRODUCER_CLOSED: NoDetails
}

/** Every `code` of a {@link ProducerError}. */
export type ProducerErrorCode = keyof ProducerErrorDetails

/** A {@link ProducerError} of any code: a `switch` over `code` is exhaustive, and each case knows its `details`. */
export type AnyProducerError = { [Code in ProducerErrorCode]: ProducerError<Code> }[ProducerErrorCode]

/**
 * The base of every error of `@podqueue/producer`. `instanceof` also holds between two installed copies of the package, and
 * narrows to {@link AnyProducerError}.
 */
export class ProducerError<Code extends ProducerErrorCode = ProducerErrorCode> extends CodedError<
  Code,
  ProducerErrorDetails[Code]
> {
  static override readonly brand: symbol = Symbol.for('@podqueue/producer.ProducerError')
  override readonly name: string = 'ProducerError'

  static override [Symbol.hasInstance](value: unknown): value is AnyProducerError {
    return super[Symbol.hasInstance](value)
  }
}

/** The error of a call whose options cannot be right. */
export function toProducerError(
  fields: ErrorFields<'INVALID_OPTIONS', ProducerErrorDetails['INVALID_OPTIONS']>,
): ProducerError<'INVALID_OPTIONS'> {
  return new ProducerError(fields)
}

/** The error for a fault of the broker or of the way to it. */
export function fromFault(fault: AmqpFault): AnyProducerError {
  return new ProducerError(fault) as AnyProducerError
}
