import { type Names, Problems } from '@internal/options'
import { toProducerError } from '../errors.ts'

const MESSAGE: unique symbol = Symbol.for('@podqueue/producer.message')

/** What a message may say besides its body. */
export interface MessageFields {
  /** The AMQP message id, at most 255 bytes: what a worker sees as `item.id`. Default: one like no other. */
  readonly id?: string | undefined
  /** AMQP headers. The broker's own (`x-delivery-count`, `x-acquired-count`, `x-death`) are left out. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** From 0 to 255, for queues with priorities. Default: none. */
  readonly priority?: number | undefined
  /** Default: `text/plain` for a string, `application/octet-stream` for bytes, else `application/json`. */
  readonly contentType?: string | undefined
}

/** An item with everything that its message says. Made by {@link createMessage}. */
export interface Message extends MessageFields {
  readonly body: unknown
  /** The same in every copy of this package, so that a message made by one is known to the other. */
  readonly [MESSAGE]: true
}

/** The names of the fields; a message may itself be given for those of another. */
const FIELDS: Names<Omit<Message, typeof MESSAGE>> = {
  id: true,
  headers: true,
  priority: true,
  contentType: true,
  body: true,
}

const REFUSED = {
  expiration: 'drops work that nobody has done: let the worker look at the age of an item',
}

/**
 * An item with an id, headers, a priority or a content type of its own, to be enqueued among others.
 *
 * @param body a string, bytes, or anything that JSON can hold
 * @throws {ProducerError} `INVALID_OPTIONS` for a field that is not known, and for an `expiration`, which would drop the item
 */
export function createMessage(body: unknown, fields: MessageFields = {}): Message {
  const problems = new Problems()
  problems.options<Omit<Message, typeof MESSAGE> | MessageFields>('fields', fields, FIELDS, REFUSED)
  problems.throwAs('createMessage', toProducerError)
  return { ...fields, body, [MESSAGE]: true }
}

export function isMessage(item: unknown): item is Message {
  return typeof item === 'object' && item !== null && MESSAGE in item
}

/** A message without the cost of a check: the hot path makes one for each item. */
export function bareMessage(body: unknown, id: string): Message {
  return { body, id, [MESSAGE]: true }
}
