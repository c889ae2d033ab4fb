import type { Message } from '../items/message.ts'
import type { Failure } from '../outcome.ts'

/** One item that was not confirmed. */
export interface ItemFailure {
  /** Its place in `items`, from 0. */
  readonly index: number
  /**
   * The item. `failures.map((failure) => failure.message)` may be enqueued again, with the same ids. An invalid item is invalid
   * again.
   */
  readonly message: Message
  readonly outcome: Failure
  /** The reason, for people. Never the body. */
  readonly reason: string
  /** The issues or the error of a schema, of `encode` or of `messageId` of the app. It may quote the item. */
  readonly cause?: unknown
}
