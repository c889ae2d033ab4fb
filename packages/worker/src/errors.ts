import type { AmqpFaultDetails } from '@internal/amqp'
import { CodedError, type ErrorFields } from '@internal/errors'
import type { Problem } from '@internal/options'

/**
 * The item that an error is about.
 *
 * @inline
 */
type AboutItem = {
  readonly queue: string
  /** The AMQP message id of the item. */
  readonly messageId?: string | undefined
}

/**
 * The counts of `consumeMany` at the time when it threw.
 *
 * @inline
 */
type Counts = {
  readonly done?: number
  readonly deadLettered?: number
  readonly failed?: number
}

/**
 * The broker's address without user and password, or `the app's own connection`.
 *
 * @inline
 */
type Address = { readonly address: string }

/** The `details` of a {@link WorkerError} by its `code`. The names are stable; `docs/errors.md` has an entry for each. */
export interface WorkerErrorDetails extends AmqpFaultDetails {
  /** Options that cannot be right: all problems at once, each with its path. Nothing was opened. */
  INVALID_OPTIONS: { readonly problems: readonly Problem[] }
  /** The handler threw, or the program did not exit with 0. The item is back in the queue. */
  HANDLER_FAILED: Partial<AboutItem> & Counts & { readonly program?: string }
  /** `maxConsecutiveFailures` attempts in a row failed. The items are back in the queue. */
  TOO_MANY_FAILURES: { readonly queue: string } & Counts
  /** The item could not be put into the dead-letter queue. It is back in its queue. */
  DEAD_LETTER_FAILED: AboutItem & Counts & { readonly reason: string }
  /** The result could not be published. The item is back in its queue. */
  RESULT_FAILED: AboutItem & Counts & { readonly reason: string }
  /** The hold on the item ended while its handler ran. Another worker gets the item. */
  LEASE_LOST: { readonly queue: string } & Address & Counts
  /** The broker did not confirm the ack in time. The item may be done, or come back. */
  ACK_UNCONFIRMED: { readonly queue: string; readonly ackTimeoutMs: number } & Counts
  /** The worker had to end, and the handler did not finish in its grace. The item is back in the queue. */
  RELEASED: AboutItem & Counts
  /** The call's signal aborted. Nothing is held. */
  ABORTED: { readonly queue: string } & Counts
  /** The next message of the queue has a field that amqplib cannot decode. It stays in the queue. */
  ITEM_UNDECODABLE: { readonly queue: string } & Address & Counts
  /** `item.text()` of a body that is not UTF-8. */
  ITEM_NOT_TEXT: AboutItem
  /** `item.json()` of a body that is not JSON. */
  ITEM_NOT_JSON: AboutItem
  /** `item.json(schema)` of a body that the schema refuses, at these places. */
  ITEM_INVALID: AboutItem & { readonly paths: readonly string[] }
  /** The program of `podqueue-worker` is missing or cannot be started. */
  PROGRAM_NOT_FOUND: { readonly program: string } & Counts
  /** `podqueue-worker` was called wrongly. */
  USAGE: Readonly<Record<string, never>>
}

/** Every `code` of a {@link WorkerError}. */
export type WorkerErrorCode = keyof WorkerErrorDetails

/** A {@link WorkerError} of any code: a `switch` over `code` is exhaustive, and each case knows its `details`. */
export type AnyWorkerError = { [Code in WorkerErrorCode]: WorkerError<Code> }[WorkerErrorCode]

/**
 * Thrown when an item was not done: the base of every error of `@podqueue/worker`. `instanceof` also holds between two
 * installed copies of the package, and narrows to {@link AnyWorkerError}.
 */
export class WorkerError<Code extends WorkerErrorCode = WorkerErrorCode> extends CodedError<
  Code,
  WorkerErrorDetails[Code]
> {
  static override readonly brand: symbol = Symbol.for('@podqueue/worker.WorkerError')
  override name = 'WorkerError'

  static override [Symbol.hasInstance](value: unknown): value is AnyWorkerError {
    return super[Symbol.hasInstance](value)
  }
}

/** The error of a fault that was found outside of this package, whose details fit its code. */
export function toWorkerError(fields: ErrorFields<WorkerErrorCode>): AnyWorkerError {
  return new WorkerError(fields as ConstructorParameters<typeof WorkerError>[0]) as AnyWorkerError
}
