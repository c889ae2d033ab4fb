import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ConsumeMessage } from 'amqplib'
import { WorkerError } from '../errors.ts'

/** One item of the queue, held by this worker until it is acked, rejected or lost. */
export interface Item {
  /** The queue that it came from. */
  readonly queue: string
  /** The bytes as they were published. */
  readonly body: Buffer
  /** The AMQP message id; undefined when the publisher gave none. */
  readonly id: string | undefined
  /** The AMQP content type; undefined when the publisher gave none. */
  readonly contentType: string | undefined
  /** The AMQP headers, the broker's own among them. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The AMQP priority, 0 to 255; undefined when the publisher gave none. */
  readonly priority: number | undefined
  /** Whether it was delivered before, to this worker or another, and came back. */
  readonly redelivered: boolean
  /**
   * Which delivery of the item this is, from 1. Undefined on a classic queue once it was redelivered, since those do not
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
   * The body parsed as JSON and checked by a schema of any library that speaks Standard Schema (https://standardschema.dev).
   * @returns a promise of the schema's output
   * @throws {WorkerError} `ITEM_NOT_TEXT`, `ITEM_NOT_JSON`, or `ITEM_INVALID` when the schema refuses it
   */
  json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>
}

/** The fields of an item from which the rest follows. */
export type ItemFields = Omit<Item, 'text' | 'json'>

/** What podqueue's producer writes for its own use. */
export const PRIVATE_HEADER = 'x-podqueue-sequence'

/** The item that a message of the broker is. */
export function toItem(queue: string, message: ConsumeMessage): Item {
  const { messageId, contentType, priority } = message.properties
  const { [PRIVATE_HEADER]: _, ...headers } = (message.properties.headers ?? {}) as Record<string, unknown>
  const { redelivered } = message.fields
  return makeItem({
    queue,
    body: message.content,
    id: messageId,
    contentType,
    headers,
    priority,
    redelivered,
    deliveryCount: deliveryCount(redelivered, headers),
  })
}

/** By its id, as long as that is one that people read: AMQP allows 255 bytes of anything. */
export function named({ id, queue }: Item): string {
  return id !== undefined && /^[\x21-\x7e]{1,100}$/.test(id)
    ? `Item ${id} of queue ${queue}`
    : `An item of queue ${queue}`
}

/** An item with its ways to read the body. */
export function makeItem(fields: ItemFields): Item {
  const text = (): string => textOf(fields)
  function json(): unknown
  function json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>
  function json(schema?: StandardSchemaV1): unknown {
    return schema === undefined ? jsonOf(fields) : checked(schema, fields)
  }
  return { ...fields, text, json }
}

function textOf({ body, queue, id }: ItemFields): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (cause) {
    throw new WorkerError({
      code: 'ITEM_NOT_TEXT',
      message: `An item of queue ${queue} is not UTF-8 text (${body.length} bytes).`,
      hint: 'Read its bytes from item.body.',
      details: { queue, id },
      cause,
    })
  }
}

function jsonOf(fields: ItemFields): unknown {
  const source = textOf(fields)
  try {
    return JSON.parse(source)
  } catch {
    const { body, queue, id } = fields
    // The parser's own message quotes the body, so it is neither shown nor kept as the cause.
    throw new WorkerError({
      code: 'ITEM_NOT_JSON',
      message: `An item of queue ${queue} is not JSON (${body.length} bytes).`,
      hint: 'Read it with item.text() or item.body.',
      details: { queue, id },
    })
  }
}

async function checked<S extends StandardSchemaV1>(
  schema: S,
  fields: ItemFields,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const result = await schema['~standard'].validate(jsonOf(fields))
  if (result.issues === undefined) return result.value as StandardSchemaV1.InferOutput<S>
  const { queue, id } = fields
  // Only where, never what: a schema's messages quote the values.
  const paths = [...new Set(result.issues.map(({ path }) => shownPath(path)))]
  throw new WorkerError({
    code: 'ITEM_INVALID',
    message: `An item of queue ${queue} does not match its schema at ${paths.join(', ')}.`,
    hint: 'What fills the queue and what works on it disagree. Throw DeadLetterError to set such items aside.',
    details: { queue, id, paths },
  })
}

function shownPath(path: StandardSchemaV1.Issue['path']): string {
  const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? 'its root' : keys.join('.')
}

/**
 * How often RabbitMQ 4.3 took an item back without counting that as a failure: as too slow, or as released. No other
 * version counts it.
 */
export function uncountedDeliveries({ fields, properties }: ConsumeMessage): number {
  const { 'x-acquired-count': acquired, 'x-delivery-count': counted = 0 } = (properties.headers ?? {}) as Record<
    string,
    unknown
  >
  // A first delivery shows whatever its publisher wrote there.
  if (!fields.redelivered || typeof acquired !== 'number' || typeof counted !== 'number') return 0
  return acquired - counted
}

/**
 * A first delivery is 1 whatever its headers say: some versions show there what the publisher wrote. `x-acquired-count`
 * is RabbitMQ 4.3's, which counts there also what it took back for slowness; older ones have `x-delivery-count`.
 */
function deliveryCount(redelivered: boolean, headers: Readonly<Record<string, unknown>>): number | undefined {
  if (!redelivered) return 1
  const earlier = headers['x-acquired-count'] ?? headers['x-delivery-count']
  return typeof earlier === 'number' ? earlier + 1 : undefined
}
