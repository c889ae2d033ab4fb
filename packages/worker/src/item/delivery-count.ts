import type { ConsumeMessage } from 'amqplib'

/**
 * The number of times that RabbitMQ 4.3 took an item back without counting that as a failure: as too slow, or as released.
 * No other version counts it.
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
 * The number of this delivery, from 1. A first delivery is 1 whatever its headers say: some versions show there what the
 * publisher wrote. RabbitMQ 4.3 counts in `x-acquired-count`, also what it took back for slowness; older versions in
 * `x-delivery-count`.
 */
export function deliveryCount(redelivered: boolean, headers: Readonly<Record<string, unknown>>): number | undefined {
  if (!redelivered) return 1
  const earlier = headers['x-acquired-count'] ?? headers['x-delivery-count']
  return typeof earlier === 'number' ? earlier + 1 : undefined
}
