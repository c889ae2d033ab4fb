import { EXIT } from '@internal/contract'
import { WorkerError, type WorkerErrorCode } from '../errors.ts'

/** The exit code of a worker's process that ends with this error. Anything but a `WorkerError` is a bug in podqueue. */
export function exitCodeOf(error: unknown): number {
  return error instanceof WorkerError ? EXIT_CODES[error.code] : EXIT.bug
}

const EXIT_CODES: Readonly<Record<WorkerErrorCode, number>> = {
  HANDLER_FAILED: EXIT.failed,
  TOO_MANY_FAILURES: EXIT.failed,
  DEAD_LETTER_FAILED: EXIT.failed,
  RESULT_FAILED: EXIT.failed,
  ITEM_INVALID: EXIT.failed,
  ITEM_NOT_TEXT: EXIT.failed,
  ITEM_NOT_JSON: EXIT.failed,
  ITEM_UNDECODABLE: EXIT.bug,
  USAGE: EXIT.usage,
  BROKER_UNREACHABLE: EXIT.unavailable,
  CONNECTION_LIMIT: EXIT.unavailable,
  VHOST_UNAVAILABLE: EXIT.unavailable,
  CONNECTION_LOST: EXIT.unavailable,
  QUEUE_UNAVAILABLE: EXIT.unavailable,
  LEASE_LOST: EXIT.leaseLost,
  ACK_UNCONFIRMED: EXIT.leaseLost,
  CREDENTIALS_REFUSED: EXIT.notPermitted,
  VHOST_REFUSED: EXIT.notPermitted,
  NOT_PERMITTED: EXIT.notPermitted,
  BROKER_URL_MISSING: EXIT.misconfigured,
  BROKER_URL_INVALID: EXIT.misconfigured,
  HOST_NOT_FOUND: EXIT.misconfigured,
  TLS_MISMATCH: EXIT.misconfigured,
  TLS_UNTRUSTED: EXIT.misconfigured,
  QUEUE_NOT_FOUND: EXIT.misconfigured,
  QUEUE_MISMATCH: EXIT.misconfigured,
  QUEUE_LOCKED: EXIT.misconfigured,
  INVALID_OPTIONS: EXIT.misconfigured,
  PROGRAM_NOT_FOUND: EXIT.misconfigured,
  INTERNAL_ERROR: EXIT.bug,
  RELEASED: EXIT.released,
  ABORTED: EXIT.released,
}
