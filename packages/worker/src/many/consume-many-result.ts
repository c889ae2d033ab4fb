/** The result of a call of `consumeMany` that did not throw. */
export interface ConsumeManyResult {
  /** Why it ended: the queue is empty, or one of its own limits was reached. */
  readonly status: 'empty' | 'max-items' | 'max-duration'
  /** Items that were acked. */
  readonly done: number
  /** Items that this call put into the dead-letter queue. */
  readonly deadLettered: number
  /** Attempts that failed. Their items went back to the queue, and may be among the done by now. */
  readonly failed: number
}
