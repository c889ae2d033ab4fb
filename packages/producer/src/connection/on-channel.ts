import { type AmqpConnection, openChannel, openConfirmChannel, operationFault } from '@internal/amqp'
import { late, within } from '@internal/async'
import type { Channel, ConfirmChannel } from 'amqplib'
import { type AnyProducerError, fromFault, ProducerError } from '../errors.ts'

/** An operation on a queue, for the words of its errors. */
export interface Operation {
  /** The broker's address without user and password. */
  readonly address: string
  readonly queue: string
  /** The permission that it needs, for brokers that do not name it. */
  readonly needs?: string
  /** How long the broker may take to answer, milliseconds. Default: 30000. */
  readonly timeoutMs?: number
}

const ANSWER_TIMEOUT_MS = 30_000

/**
 * Runs one operation on a channel of its own: a refusal by the broker closes the channel, and only that one.
 *
 * @throws {ProducerError} for a refusal of the broker, or `QUEUE_UNAVAILABLE` when it does not answer
 */
export async function onChannel<T>(
  connection: AmqpConnection,
  about: Operation,
  operation: (channel: Channel) => Promise<T>,
): Promise<T> {
  const running = async (): Promise<T> => {
    const channel = await channelFor(connection, about)
    channel.on('error', () => {})
    const result = await operation(channel)
    // Nobody needs the answer, and a broker that blocks gives it late.
    channel.close().catch(() => {})
    return result
  }
  const { timeoutMs = ANSWER_TIMEOUT_MS } = about
  try {
    const result = await within(running(), timeoutMs)
    if (result === late) throw unanswered(about, timeoutMs)
    return result as T
  } catch (error) {
    throw operationError(error, about)
  }
}

/** Opens a channel for an operation on a queue. @throws {ProducerError} when the connection is lost meanwhile */
export async function channelFor(connection: AmqpConnection, about: Operation): Promise<Channel> {
  return await openChannel(connection).catch((error: unknown) => {
    throw operationError(error, about)
  })
}

/** {@link channelFor}, for a channel with confirms. */
export async function confirmChannelFor(connection: AmqpConnection, about: Operation): Promise<ConfirmChannel> {
  return await openConfirmChannel(connection).catch((error: unknown) => {
    throw operationError(error, about)
  })
}

/** The error of an operation on a queue that failed. */
export function operationError(error: unknown, about: Operation): AnyProducerError {
  return error instanceof ProducerError ? error : fromFault(operationFault(error, about))
}

function unanswered({ queue, address }: Operation, timeoutMs: number): ProducerError<'QUEUE_UNAVAILABLE'> {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `The leader of queue ${queue} at ${address} did not answer within ${timeoutMs} ms, so it is not known what the queue holds.`,
    hint: 'This heals when the broker does: look again, or see rabbitmq-queues check_if_node_is_quorum_critical.',
    retryable: true,
    details: { queue, address, timeoutMs },
  })
}
