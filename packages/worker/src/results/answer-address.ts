import { batchOfResultLog, indexIn, isItemType, resultLogOf } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'

/** Where the result of an item goes. */
export interface AnswerAddress {
  /** The result log of the item's batch. */
  readonly log: string
  /** The id of that batch. */
  readonly batch: string
  /** The item's place in its batch. */
  readonly index: number
}

/**
 * Where the result of an item goes; undefined for an item without results. Only podqueue's own items have an answer: a
 * `replyTo` that somebody else wrote is left alone, and RabbitMQ closes the channel of a publish to `amq.rabbitmq.reply-to`.
 */
export function answerAddress(queue: string, { properties }: ConsumeMessage): AnswerAddress | undefined {
  const { type, replyTo, correlationId } = properties
  const index = indexIn(correlationId)
  const batch = batchOfResultLog(queue, replyTo)
  if (index === undefined || batch === undefined || !isItemType(type)) return undefined
  return { log: resultLogOf(queue, batch), batch, index }
}
