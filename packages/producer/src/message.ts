const MESSAGE: unique symbol = Symbol.for('@podqueue/producer.message')

/** What a message may say besides its body. */
export interface MessageFields {
  /** The AMQP message id: what a worker sees as `item.id`. Default: a random UUID. */
  readonly id?: string
  /** AMQP headers. The broker's own (`x-delivery-count`, `x-acquired-count`, `x-death`) are left out. */
  readonly headers?: Readonly<Record<string, unknown>>
  /** From 0 to 255, for queues with priorities. Default: none. */
  readonly priority?: number
  /** Default: `text/plain` for a string, `application/octet-stream` for bytes, else `application/json`. */
  readonly contentType?: string
}

/** An item with everything that its message says. Made by {@link createMessage}. */
export interface Message extends MessageFields {
  readonly body: unknown
  /** The same in every copy of this package, so that a message made by one is known to the other. */
  readonly [MESSAGE]: true
}

/**
 * An item with an id, headers, a priority or a content type of its own, to be enqueued among others.
 *
 * @param body a string, bytes, or anything that JSON can hold
 */
export function createMessage(body: unknown, fields: MessageFields = {}): Message {
  return { ...fields, body, [MESSAGE]: true }
}

export function isMessage(item: unknown): item is Message {
  return typeof item === 'object' && item !== null && MESSAGE in item
}
