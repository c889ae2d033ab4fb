import { indexIn, isItemType, isResultLogOf } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'

/** Where the result of an item goes. */
export interface AnswerAddress {
  /** The result log of the item's batch. */
  readonly log: string
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
  if (index === undefined || !isItemType(type) || !isResultLogOf(queue, replyTo)) return undefined
  return { log: replyTo, index }
}
