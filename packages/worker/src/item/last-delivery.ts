import { deliveryLimitIn, HEADER } from '@internal/contract'
import type { ConsumeMessage } from 'amqplib'

/** How often an item came back and was counted, in this copy and in those before it. */
export function countedReturns({ fields, properties }: ConsumeMessage): number {
  const headers = (properties.headers ?? {}) as Record<string, unknown>
  const earlier = wholeNumber(headers[HEADER.earlierDeliveries])
  // A first delivery shows whatever its publisher wrote there.
  return earlier + (fields.redelivered ? wholeNumber(headers['x-delivery-count']) : 0)
}

/** Whether the broker dead-letters the item when it comes back once more. False where nobody told the limit. */
export function isLastDelivery(message: ConsumeMessage): boolean {
  const limit = deliveryLimitIn(message.properties.type)
  return limit !== undefined && countedReturns(message) >= limit
}

/** Whether a release counts toward the delivery limit: RabbitMQ 4.3, which has `x-acquired-count`, does not count it. */
export function releaseCounts({ properties }: ConsumeMessage): boolean {
  return (properties.headers as Record<string, unknown> | undefined)?.['x-acquired-count'] === undefined
}

function wholeNumber(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
