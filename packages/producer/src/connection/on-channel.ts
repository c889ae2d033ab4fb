import { type AmqpConnection, openChannel, operationFault } from '@internal/amqp'
import type { Channel } from 'amqplib'
import { ProducerError } from '../errors.ts'

/** What an operation on a queue is about. */
export interface Operation {
  /** The broker's address without user and password. */
  readonly address: string
  readonly queue: string
  /** The permission that it needs, for brokers that do not name it. */
  readonly needs?: string
  /** How long the broker may take to answer, milliseconds. Default: 30000. */
  readonly timeoutMs?: number
}

/**
 * Runs one operation on a channel of its own: a refusal by the broker closes the channel, and only that one.
 *
 * @throws {ProducerError} what the broker said, or `QUEUE_UNAVAILABLE` when it says nothing
 */
export async function onChannel<T>(
  connection: AmqpConnection,
  about: Operation,
  operation: (channel: Channel) => Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(unanswered(about)), about.timeoutMs ?? ANSWER_TIMEOUT_MS)
  const running = (async () => {
    const channel = await openChannel(connection)
    channel.on('error', () => {})
    const result = await operation(channel)
    // Nobody needs the answer, which one that is blocked gives late.
    channel.close().catch(() => {})
    return result
  })()
  // Past the deadline nobody hears of how it ended.
  running.catch(() => {})
  try {
    return await Promise.race([running, late.promise])
  } catch (error) {
    throw operationError(error, about)
  } finally {
    clearTimeout(timer)
  }
}

/** The error of an operation on a queue that failed. */
export function operationError(error: unknown, about: Operation): ProducerError {
  return error instanceof ProducerError ? error : new ProducerError(operationFault(error, about))
}

function unanswered({ queue, address, timeoutMs = ANSWER_TIMEOUT_MS }: Operation): ProducerError {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `The leader of queue ${queue} at ${address} did not answer within ${timeoutMs} ms, so nobody can say what is in it.`,
    hint: 'This heals when the broker does: look again, or see rabbitmq-queues check_if_node_is_quorum_critical.',
    retryable: true,
    details: { queue, address, timeoutMs },
  })
}

const ANSWER_TIMEOUT_MS = 30_000
