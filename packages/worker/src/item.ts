import type { ConsumeMessage } from 'amqplib'
import { WorkerError } from './errors.ts'

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
}

/** What podqueue's producer writes for its own use. */
const PRIVATE_HEADER = 'x-podqueue-sequence'

export function toItem(queue: string, message: ConsumeMessage): Item {
  const { messageId, contentType } = message.properties
  const { [PRIVATE_HEADER]: _, ...headers } = (message.properties.headers ?? {}) as Record<string, unknown>
  const body = message.content
  const { redelivered } = message.fields
  const text = (): string => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    } catch (cause) {
      throw new WorkerError({
        code: 'ITEM_NOT_TEXT',
        message: `an item of queue ${queue} is not UTF-8 text (${body.length} bytes)`,
        hint: 'Read its bytes from item.body.',
        details: { queue, id: messageId },
        cause,
      })
    }
  }
  return {
    queue,
    body,
    id: messageId,
    contentType,
    headers,
    redelivered,
    deliveryCount: deliveryCount(redelivered, headers),
    text,
    json: () => {
      const source = text()
      try {
        return JSON.parse(source)
      } catch {
        // The parser's own message quotes the body, so it is neither shown nor kept as the cause.
        throw new WorkerError({
          code: 'ITEM_NOT_JSON',
          message: `an item of queue ${queue} is not JSON (${body.length} bytes)`,
          hint: 'Read it with item.text() or item.body.',
          details: { queue, id: messageId },
        })
      }
    },
  }
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
