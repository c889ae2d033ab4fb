import { publishedHeaders } from '@internal/amqp'
import { batchOfResultLog, decodeFailure, type FailureRecord, HEADER, indexIn, isItemType } from '@internal/contract'
import type { Message as AmqpMessage } from 'amqplib'

/** An item that was given up on, as it lies in `<queue>.dead`. */
export interface DeadLetter {
  /** The id of its message; undefined when its publisher gave none. */
  readonly id: string | undefined
  /** The id of its batch; left out unless it was enqueued with results. */
  readonly batch?: string
  /** Its place in its batch, from 0; left out unless it was enqueued with results. */
  readonly index?: number
  /** Why it was given up on, for people. */
  readonly reason: string
  /** The side that set it aside: a worker, or the broker, as when its deliveries are used up. */
  readonly by: 'worker' | 'broker'
  /**
   * The last failure, as the worker that set it aside saw it: its message, and where known the exit code and the last lines of
   * standard error of its program, the number of attempts, and the pod's name. Undefined where no worker was left to say,
   * as when the last one was killed.
   */
  readonly lastFailure: FailureRecord | undefined
  readonly body: Buffer
  /** Undefined when its publisher gave none. */
  readonly contentType: string | undefined
  /** The headers that its publisher wrote. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Undefined when its publisher gave none. */
  readonly priority: number | undefined
}

/** podqueue's own headers on a dead letter: an item that goes back to its queue has none of them. */
export const DEAD_LETTER_HEADERS: readonly string[] = [HEADER.sequence, HEADER.deadLetterQueue, HEADER.deadLetterReason]

/** The broker's words for why it dead-lettered a message (https://www.rabbitmq.com/docs/dlx). */
const BROKER_REASONS: Readonly<Record<string, string>> = {
  delivery_limit: 'Its deliveries are used up.',
  rejected: 'A client rejected it.',
  expired: 'Its time to live was over.',
  maxlen: 'Its queue was full.',
}

/** The batch with results that a message is an item of, and its place there; undefined for any other message. */
export function placeInBatch(
  queue: string,
  { properties: { type, replyTo, correlationId } }: AmqpMessage,
): { readonly batch: string; readonly index: number } | undefined {
  const batch = batchOfResultLog(queue, replyTo)
  const index = indexIn(correlationId)
  return batch === undefined || index === undefined || !isItemType(type) ? undefined : { batch, index }
}

/** @param queue the queue that it came from */
export function toDeadLetter(queue: string, message: AmqpMessage): DeadLetter {
  const { content, properties } = message
  const place = placeInBatch(queue, message)
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {}
  const { [HEADER.deadLetterReason]: said } = headers
  return {
    id: properties.messageId,
    ...place,
    reason: typeof said === 'string' ? said : brokerReason(headers['x-death']),
    by: typeof said === 'string' ? 'worker' : 'broker',
    lastFailure: decodeFailure(headers[HEADER.failure]),
    body: content,
    contentType: properties.contentType,
    headers: publishedHeaders(headers, DEAD_LETTER_HEADERS),
    priority: properties.priority,
  }
}

/** The newest death comes first in `x-death`. */
function brokerReason(deaths: unknown): string {
  const [last] = Array.isArray(deaths) ? (deaths as readonly { readonly reason?: unknown }[]) : []
  if (last === undefined) return 'The message does not say why.'
  return BROKER_REASONS[String(last.reason)] ?? `The broker says: ${String(last.reason)}.`
}
