import { deadLetterQueueOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import type { ServerVersion } from './server-version.ts'

/** Options for declaring a queue. */
export interface QueueOptions {
  /**
   * `quorum`: replicated, with a count of deliveries and a limit on them. `classic`: for brokers or plans without quorum
   * queues; no limit, and dead letters at most once. Default: `quorum`.
   */
  readonly type?: 'quorum' | 'classic' | undefined
  /**
   * How often an item may come back before it goes to the dead-letter queue; 5 is six deliveries in all. Quorum only.
   * Default: 5. RabbitMQ's own default of 20 drops the item where there is no dead-letter queue
   * (https://github.com/rabbitmq/rabbitmq-server/discussions/11937).
   */
  readonly deliveryLimit?: number | undefined
  /**
   * Items that may be ready at once; above it a publish is nacked, never another item dropped. A quorum queue tells its
   * publishers a moment late, so that some hundreds more may get in. Default: no limit.
   */
  readonly maxLength?: number | undefined
  /**
   * How long a worker may hold an item, milliseconds; then it goes to another. RabbitMQ 3.12 or newer: at least 60000
   * before 4.3, quorum only from 4.3. Default: the broker's own, which is 30 minutes.
   */
  readonly consumerTimeoutMs?: number | undefined
}

/** RabbitMQ's own default of 20 drops the item where there is no dead-letter queue. */
export const DEFAULT_DELIVERY_LIMIT = 5

/** The names of these options. */
export const QUEUE_OPTIONS: Names<QueueOptions> = {
  type: true,
  deliveryLimit: true,
  maxLength: true,
  consumerTimeoutMs: true,
}

/** Options that other libraries have and this package refuses, with the reason. */
export const REFUSED_QUEUE_OPTIONS: Readonly<Record<string, string>> = {
  messageTtlMs: 'drops work that nobody has done: let the worker look at the age of an item',
  messageTtl: 'drops work that nobody has done: let the worker look at the age of an item',
  expires: 'deletes the queue with the work that is in it: delete it when the work is done',
  durable: 'is always true: RabbitMQ 4.3 refuses a shared queue that is not',
  exclusive: 'would keep the workers out',
  autoDelete: 'would delete the queue, with the work that is in it, when a worker leaves',
  overflow: 'is always reject-publish: drop-head drops work that nobody has done',
}

/** Checks the options as far as no broker is needed for that. */
export function checkQueueOptions(problems: Problems, options: QueueOptions): void {
  problems.oneOf('type', options.type, ['quorum', 'classic'])
  problems.wholeNumber('deliveryLimit', options.deliveryLimit, { min: 1, max: 2 ** 31 - 1 })
  problems.wholeNumber('maxLength', options.maxLength, { min: 1, max: 2 ** 31 - 1 })
  problems.durationMs('consumerTimeoutMs', options.consumerTimeoutMs, { min: 1 })
  if (options.type === 'classic' && options.deliveryLimit !== undefined) {
    problems.add('deliveryLimit', "is not counted by classic queues: leave it out, or type: 'quorum'")
  }
}

/** The options that this version of RabbitMQ does not support, as sentences. */
export function unsupported(options: QueueOptions, version: ServerVersion): string[] {
  const found: string[] = []
  const { type = 'quorum', consumerTimeoutMs } = options
  if (type === 'quorum' && !version.atLeast(3, 10)) {
    found.push('Dead letters at least once, which a quorum queue is declared with here, need RabbitMQ 3.10.')
  }
  if (consumerTimeoutMs === undefined) return found
  if (!version.atLeast(3, 12)) {
    found.push('It takes consumerTimeoutMs and ignores it; RabbitMQ 3.12 is the first that applies it.')
  } else if (!version.atLeast(4, 3)) {
    if (consumerTimeoutMs < 60_000)
      found.push('It looks once a minute, so consumerTimeoutMs is at least 60000 before RabbitMQ 4.3.')
  } else if (type === 'classic') {
    found.push('It has no consumerTimeoutMs for classic queues, as of RabbitMQ 4.3.')
  }
  return found
}

/**
 * The arguments of a work queue. Dead letters go through the default exchange to `<queue>.dead`, at least once on a
 * quorum queue, which RabbitMQ does only together with `reject-publish`: with `drop-head` it is silently at most once
 * (https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering).
 */
export function queueArguments(queue: string, options: QueueOptions): Record<string, unknown> {
  const { type = 'quorum', deliveryLimit = DEFAULT_DELIVERY_LIMIT, maxLength, consumerTimeoutMs } = options
  const isQuorum = type === 'quorum'
  return {
    'x-queue-type': type,
    ...(isQuorum ? { 'x-delivery-limit': deliveryLimit, 'x-dead-letter-strategy': 'at-least-once' } : {}),
    ...(isQuorum || maxLength !== undefined ? { 'x-overflow': 'reject-publish' } : {}),
    ...(maxLength === undefined ? {} : { 'x-max-length': maxLength }),
    ...(consumerTimeoutMs === undefined ? {} : { 'x-consumer-timeout': consumerTimeoutMs }),
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': deadLetterQueueOf(queue),
  }
}

/**
 * The arguments of a dead-letter queue. It is a quorum queue that never drops a message, however often one is looked at.
 * RabbitMQ below 4.0 has no limit unless one is given, and takes no -1.
 */
export function deadLetterArguments(version: ServerVersion): Record<string, unknown> {
  return { 'x-queue-type': 'quorum', ...(version.atLeast(4, 0) ? { 'x-delivery-limit': -1 } : {}) }
}
