import { HEADER } from '@internal/contract'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ConsumeMessage } from 'amqplib'
import { answerAddress } from '../results/answer-address.ts'
import { deliveryCount } from './delivery-count.ts'
import { bodyJson, bodyText, checkedJson } from './item-body.ts'

/** One item of the queue, held by this worker until it is acked, rejected or lost. */
export interface Item {
  /** The queue that the item came from. */
  readonly queue: string
  /** The bytes as they were published. */
  readonly body: Buffer
  /** The AMQP message id; undefined when the publisher gave none. */
  readonly id: string | undefined
  /** The AMQP content type; undefined when the publisher gave none. */
  readonly contentType: string | undefined
  /** The AMQP headers, with those of the broker. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The AMQP priority, 0 to 255; undefined when the publisher gave none. */
  readonly priority: number | undefined
  /** Whether the producer asked for the results of its batch: the handler's return value is then sent to it. */
  readonly wantsResult: boolean
  /** Whether the item was delivered before, to this worker or another, and came back. */
  readonly redelivered: boolean
  /**
   * The number of this delivery of the item, from 1. Undefined on a classic queue when the item was redelivered: those do not
   * count.
   */
  readonly deliveryCount: number | undefined
  /**
   * The body as text.
   * @throws {WorkerError} `ITEM_NOT_TEXT` when it is not UTF-8
   */
  text(): string
  /**
   * The body parsed as JSON.
   * @throws {WorkerError} `ITEM_NOT_TEXT`, or `ITEM_NOT_JSON` when it cannot be parsed
   */
  json(): unknown
  /**
   * The body parsed as JSON and checked by a schema of any library with Standard Schema (https://standardschema.dev).
   * @returns a promise of the schema's output
   * @throws {WorkerError} `ITEM_NOT_TEXT`, `ITEM_NOT_JSON`, or `ITEM_INVALID` when the schema refuses it
   */
  json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>
}

/** The fields of an item, without its methods. */
export type ItemFields = Omit<Item, 'text' | 'json'>

/** The item that a message of the broker carries. */
export function toItem(queue: string, message: ConsumeMessage): Item {
  const { messageId, contentType, priority } = message.properties
  const {
    [HEADER.sequence]: _,
    [HEADER.earlierDeliveries]: __,
    ...headers
  } = (message.properties.headers ?? {}) as Record<string, unknown>
  const { redelivered } = message.fields
  return makeItem({
    queue,
    body: message.content,
    id: messageId,
    contentType,
    headers,
    priority,
    wantsResult: answerAddress(queue, message) !== undefined,
    redelivered,
    deliveryCount: deliveryCount(redelivered, headers),
  })
}

/** The item in a message: by its id, where that is printable and short. AMQP allows 255 bytes of anything. */
export function named({ id, queue }: Item): string {
  return id !== undefined && /^[\x21-\x7e]{1,100}$/.test(id)
    ? `Item ${id} of queue ${queue}`
    : `An item of queue ${queue}`
}

/** An item with the methods that read its body. */
export function makeItem(fields: ItemFields): Item {
  const text = (): string => bodyText(fields)
  function json(): unknown
  function json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>
  function json(schema?: StandardSchemaV1): unknown {
    return schema === undefined ? bodyJson(fields) : checkedJson(schema, fields)
  }
  return { ...fields, text, json }
}
