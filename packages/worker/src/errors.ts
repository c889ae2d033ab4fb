import type { AmqpFaultCode } from '@internal/amqp'
import { CodedError, type ErrorFields } from '@internal/errors'

/** The codes of {@link WorkerError}; docs/errors.md has an entry for each. */
export type WorkerErrorCode =
  | AmqpFaultCode
  | 'INVALID_OPTIONS'
  | 'HANDLER_FAILED'
  | 'TOO_MANY_FAILURES'
  | 'DEAD_LETTER_FAILED'
  | 'LEASE_LOST'
  | 'ACK_UNCONFIRMED'
  | 'RELEASED'
  | 'ABORTED'
  | 'ITEM_NOT_TEXT'
  | 'ITEM_NOT_JSON'
  | 'ITEM_INVALID'
  | 'PROGRAM_NOT_FOUND'
  | 'USAGE'

/** Thrown when an item was not done. `code` says why, `hint` what to do, `retryable` whether another try may do it. */
export class WorkerError extends CodedError<WorkerErrorCode> {
  static override readonly brand: symbol = Symbol.for('@podqueue/worker.WorkerError')
  override readonly name: string = 'WorkerError'
}

export function toWorkerError(fields: ErrorFields<WorkerErrorCode>): WorkerError {
  return new WorkerError(fields)
}
