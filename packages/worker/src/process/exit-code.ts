import { WorkerError, type WorkerErrorCode } from '../errors.ts'

/**
 * What a worker's process exits with, in the numbers of sysexits.h where it has one.
 *
 * | Code | Meaning |
 * | --- | --- |
 * | 0 | the item is done or dead-lettered, or the queue is empty |
 * | 1 | the handler or program failed; the item is back in the queue |
 * | 64 | the command was called wrongly |
 * | 69 | the broker or the queue is not available |
 * | 70 | a bug in podqueue |
 * | 75 | the lease was lost, or the ack is unconfirmed; the item may be done twice |
 * | 77 | the broker does not permit it |
 * | 78 | a configuration that cannot work |
 * | 143 | ended by a signal; the item, if there was one, is released |
 */
export function exitCodeOf(error: unknown): number {
  return error instanceof WorkerError ? EXIT_CODES[error.code] : 70
}

const EXIT_CODES: Readonly<Record<WorkerErrorCode, number>> = {
  HANDLER_FAILED: 1,
  TOO_MANY_FAILURES: 1,
  DEAD_LETTER_FAILED: 1,
  ITEM_INVALID: 1,
  ITEM_NOT_TEXT: 1,
  ITEM_NOT_JSON: 1,
  USAGE: 64,
  BROKER_UNREACHABLE: 69,
  CONNECTION_LOST: 69,
  QUEUE_UNAVAILABLE: 69,
  LEASE_LOST: 75,
  ACK_UNCONFIRMED: 75,
  CREDENTIALS_REFUSED: 77,
  VHOST_REFUSED: 77,
  NOT_PERMITTED: 77,
  BROKER_URL_MISSING: 78,
  BROKER_URL_INVALID: 78,
  TLS_MISMATCH: 78,
  TLS_UNTRUSTED: 78,
  QUEUE_NOT_FOUND: 78,
  QUEUE_MISMATCH: 78,
  QUEUE_LOCKED: 78,
  INVALID_OPTIONS: 78,
  PROGRAM_NOT_FOUND: 78,
  RELEASED: 143,
  ABORTED: 143,
}
