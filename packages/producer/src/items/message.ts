import { type Names, Problems } from '@internal/options'
import { toProducerError } from '../errors.ts'

const MESSAGE: unique symbol = Symbol.for('@podqueue/producer.message')

/** The fields of a message besides its body. */
export interface MessageFields {
  /** The AMQP message id, at most 255 bytes. A worker sees it as `item.id`. Default: a random one. */
  readonly id?: string | undefined
  /**
   * AMQP headers: strings, numbers, booleans, BigInts, Dates (in whole seconds), bytes, null, and arrays and plain objects of
   * these. Those of the broker (`x-delivery-count`, `x-acquired-count`, `x-death`) are left out.
   */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** From 0 to 255, for queues with priorities. Default: none. */
  readonly priority?: number | undefined
  /** Default: `text/plain` for a string, `application/octet-stream` for bytes, else `application/json`. */
  readonly contentType?: string | undefined
}

/** An item with all fields of its message. {@link createMessage} makes it. */
export interface Message extends MessageFields {
  readonly body: unknown
  /** The same in every copy of this package, so that one copy knows the messages of another. */
  readonly [MESSAGE]: true
}

/** The names of the fields. A message may itself be given for the fields of another. */
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
 * Makes an item with an id, headers, a priority or a content type of its own, to be enqueued among others. The values of the
 * fields are checked by `enqueue`, which reports an item that cannot be sent as `invalid`.
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

/** A message of a body alone, without the cost of a check. */
export function bareMessage(body: unknown, id?: string): Message {
  return id === undefined ? { body, [MESSAGE]: true } : { body, id, [MESSAGE]: true }
}

/** The same message with this body and id. */
export function messageWith({ headers, priority, contentType }: Message, body: unknown, id: string): Message {
  return {
    body,
    id,
    ...(headers === undefined ? {} : { headers }),
    ...(priority === undefined ? {} : { priority }),
    ...(contentType === undefined ? {} : { contentType }),
    [MESSAGE]: true,
  }
}
