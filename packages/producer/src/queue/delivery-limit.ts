import type { AmqpConnection } from '@internal/amqp'
import type { Operation } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { learnArguments, type QueueArguments } from './learn-arguments.ts'
import { DEFAULT_DELIVERY_LIMIT, queueArguments } from './queue-arguments.ts'
import { serverVersion } from './server-version.ts'

/** The limit of queues without an argument for it, since RabbitMQ 4.0. */
const SERVER_DEFAULT = 20

/** The limits that were learnt over a connection, by queue: a long-lived producer asks once. */
const known = new WeakMap<AmqpConnection, Map<string, number | undefined>>()

/** Remembers the limit of a queue that was declared just now; undefined for none. */
export function rememberDeliveryLimit(connection: AmqpConnection, queue: string, limit: number | undefined): void {
  const limits = known.get(connection) ?? new Map<string, number | undefined>()
  limits.set(queue, limit)
  known.set(connection, limits)
}

/** Forgets the limit of a queue that is deleted. */
export function forgetDeliveryLimit(connection: AmqpConnection, queue: string): void {
  known.get(connection)?.delete(queue)
}

/**
 * The delivery limit of an existing queue; undefined when it has none, or when it cannot be learnt, as without configure
 * permission.
 */
export async function deliveryLimitOf(connection: AmqpConnection, about: Operation): Promise<number | undefined> {
  const limits = known.get(connection)
  if (limits?.has(about.queue) === true) return limits.get(about.queue)
  const limit = await learnLimit(connection, about)
  rememberDeliveryLimit(connection, about.queue, limit)
  return limit
}

async function learnLimit(connection: AmqpConnection, about: Operation): Promise<number | undefined> {
  try {
    const learnt = await learnArguments(connection, about, queueArguments(about.queue, {}))
    if ('unknown' in learnt) return undefined
    return limitIn(learnt.arguments, serverVersion(connection).atLeast(4, 0) ? SERVER_DEFAULT : undefined)
  } catch (error) {
    // Filling a queue needs neither a right to declare it nor an answer of its leader.
    if (error instanceof ProducerError && error.code !== 'CONNECTION_LOST') return undefined
    throw error
  }
}

function limitIn(declared: QueueArguments, serverDefault: number | undefined): number | undefined {
  const { 'x-queue-type': type, 'x-delivery-limit': limit = serverDefault } = declared
  return type === 'quorum' && typeof limit === 'number' && limit >= 0 ? limit : undefined
}

/** The limit that a declaration with these options gives a queue. */
export function declaredDeliveryLimit({
  type = 'quorum',
  deliveryLimit = DEFAULT_DELIVERY_LIMIT,
}: {
  readonly type?: 'quorum' | 'classic' | undefined
  readonly deliveryLimit?: number | undefined
}): number | undefined {
  return type === 'quorum' ? deliveryLimit : undefined
}
