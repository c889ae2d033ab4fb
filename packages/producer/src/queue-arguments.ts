import { deadLetterQueueOf } from '@internal/amqp'

/** How a queue is declared. */
export interface QueueOptions {
  /**
   * `quorum`: replicated, with a count of deliveries and a limit on them. `classic`: for brokers or plans without quorum
   * queues; no limit, and dead letters at most once. Default: `quorum`.
   */
  readonly type?: 'quorum' | 'classic'
  /**
   * How often an item may come back before it goes to the dead-letter queue; 5 is six deliveries in all. Quorum only.
   * Default: 5. RabbitMQ's own default of 20 drops the item where there is no dead-letter queue
   * (https://github.com/rabbitmq/rabbitmq-server/discussions/11937).
   */
  readonly deliveryLimit?: number
}

/**
 * The arguments of a work queue. Dead letters go through the default exchange to `<queue>.dead`, at least once on a
 * quorum queue, which RabbitMQ does only together with `reject-publish`: with `drop-head` it is silently at most once
 * (https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering).
 */
export function queueArguments(queue: string, options: QueueOptions): Record<string, unknown> {
  const type = options.type ?? 'quorum'
  const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadLetterQueueOf(queue) }
  if (type === 'classic') return { 'x-queue-type': 'classic', ...deadLetters }
  return {
    'x-queue-type': 'quorum',
    'x-delivery-limit': options.deliveryLimit ?? 5,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    ...deadLetters,
  }
}

/**
 * The arguments of a dead-letter queue: quorum, and never itself dropping what is looked at too often. RabbitMQ below 4.0
 * has no limit unless one is given, and takes no -1.
 */
export function deadLetterArguments(serverVersion: string): Record<string, unknown> {
  const unlimited = Number.parseInt(serverVersion, 10) >= 4 ? { 'x-delivery-limit': -1 } : {}
  return { 'x-queue-type': 'quorum', ...unlimited }
}
