/** The properties that all messages of one call carry, besides their own. */
export interface Stamp {
  /** The AMQP `type`. */
  readonly type: string
  /** The queue that takes the results. Each message then carries its index as the AMQP `correlationId`. */
  readonly replyTo: string | undefined
}
