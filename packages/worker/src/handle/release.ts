import { HEADER } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'
import { countedReturns, isLastDelivery, releaseCounts } from '../item/last-delivery.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { publishCopy } from './publish-copy.ts'

/**
 * The answer that gives an item back undone. Below RabbitMQ 4.3 a release counts like a failure, so that one on the last delivery
 * would dead-letter an item that did not fail: then a copy of it goes to the end of the queue, and the item is acked once
 * the broker has confirmed the copy. Where that fails, the item is released nevertheless.
 */
export async function releaseAnswer(
  message: ConsumeMessage,
  { queue, broker, ackTimeoutMs }: ResolvedOptions,
): Promise<'ack' | 'release'> {
  if (!isLastDelivery(message) || !releaseCounts(message)) return 'release'
  const own = { [HEADER.earlierDeliveries]: countedReturns(message) }
  const { fault } = await publishCopy(message, { target: queue, own, broker, ackTimeoutMs })
  return fault === undefined ? 'ack' : 'release'
}
