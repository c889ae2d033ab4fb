import type { AmqpFaultCode } from '@internal/amqp'
import { CodedError, type ErrorFields } from '@internal/errors'

/** The codes of {@link ProducerError}; docs/errors.md has an entry for each. */
export type ProducerErrorCode =
  | AmqpFaultCode
  | 'INVALID_OPTIONS'
  | 'INVALID_ITEMS'
  | 'NOT_ALL_CONFIRMED'
  | 'SOURCE_FAILED'
  | 'ABORTED'
  | 'JOURNAL_MISMATCH'
  | 'JOURNAL_LOCKED'
  | 'JOURNAL_FAILED'
  | 'UNSUPPORTED_BY_BROKER'
  | 'DEAD_LETTERS_LIMITED'
  | 'REQUEUE_INCOMPLETE'
  | 'QUEUE_NOT_EMPTY'
  | 'PRODUCER_CLOSED'

/** Thrown when a call to this package fails. `code` says how, `hint` what to do, `retryable` whether time may heal it. */
export class ProducerError extends CodedError<ProducerErrorCode> {
  static override readonly brand: symbol = Symbol.for('@podqueue/producer.ProducerError')
  override readonly name: string = 'ProducerError'
}

export function toProducerError(fields: ErrorFields<ProducerErrorCode>): ProducerError {
  return new ProducerError(fields)
}
