import { deadLetterQueueOf, queueNameProblem } from '@internal/amqp'
import { Problems } from '@internal/errors'
import type { Channel, ChannelModel, GetMessage } from 'amqplib'
import { type ConnectionOptions, openConnection } from './connection.ts'
import { onChannel } from './declare-queue.ts'
import { ProducerError, toProducerError } from './errors.ts'

export interface InspectQueueOptions extends ConnectionOptions {
  /** How long the queue's leader may take to prove that the queue is empty, milliseconds. Default: 5000. */
  readonly verifyTimeoutMs?: number
}

/** What a queue holds at one moment. */
export interface QueueReading {
  /** Items that wait for a worker. Those that a worker holds are not among them. */
  readonly ready: number
  /** Workers that consume from it, busy ones included. */
  readonly consumers: number
  /** Whether `ready` is the leader's own word. False when it could not be proven, for want of read permission. */
  readonly verified: boolean
  /** Items in `<queue>.dead`. Left out when there is no such queue. */
  readonly dead?: number
}

/**
 * Counts what is ready in a queue, and who consumes from it.
 *
 * A quorum queue whose leader does not answer in about 250 ms reads as 0 ready and 0 consumers on every version of
 * RabbitMQ. So that reading alone is not believed: one `basic.get` then decides, since it waits for the leader. An item
 * that it brings is put back at once, and counted.
 *
 * @throws {ProducerError} `QUEUE_NOT_FOUND`; `QUEUE_UNAVAILABLE` when the leader does not answer within
 * `verifyTimeoutMs`; what a connection can throw.
 */
export async function inspectQueue(queue: string, options: InspectQueueOptions = {}): Promise<QueueReading> {
  const problems = new Problems()
  const name = queueNameProblem(queue)
  if (name !== undefined) problems.add('queue', name)
  problems.durationMs('verifyTimeoutMs', options.verifyTimeoutMs, { min: 1 })
  problems.throwAs('inspectQueue', toProducerError)

  await using connection = await openConnection(options)
  const { model, address } = connection
  const reading = await onChannel(model, address.shown, queue, (channel) => channel.checkQueue(queue))
  const dead = await countIfThere(model, address.shown, deadLetterQueueOf(queue))
  const counted = {
    ready: reading.messageCount,
    consumers: reading.consumerCount,
    ...(dead === undefined ? {} : { dead }),
  }
  if (counted.ready > 0 || counted.consumers > 0) return { ...counted, verified: true }
  const proof = await proveEmpty(model, address.shown, queue, options.verifyTimeoutMs ?? 5_000)
  return { ...counted, ready: proof.ready, verified: proof.verified }
}

async function countIfThere(model: ChannelModel, address: string, queue: string): Promise<number | undefined> {
  try {
    return (await onChannel(model, address, queue, (channel) => channel.checkQueue(queue))).messageCount
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return undefined
    throw error
  }
}

async function proveEmpty(
  model: ChannelModel,
  address: string,
  queue: string,
  timeoutMs: number,
): Promise<{ readonly ready: number; readonly verified: boolean }> {
  try {
    return await onChannel(model, address, queue, async (channel) => {
      const got = await withDeadline(channel, queue, timeoutMs)
      if (got === false) return { ready: 0, verified: true }
      channel.nack(got, false, true)
      return { ready: got.fields.messageCount + 1, verified: true }
    })
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'NOT_PERMITTED') return { ready: 0, verified: false }
    throw error
  }
}

async function withDeadline(channel: Channel, queue: string, timeoutMs: number): Promise<GetMessage | false> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(
      new ProducerError({
        code: 'QUEUE_UNAVAILABLE',
        message: `the leader of queue ${queue} did not answer within ${timeoutMs} ms, so nobody can say whether it is empty`,
        hint: 'This heals when the broker does: look again, or see rabbitmq-queues check_if_node_is_quorum_critical.',
        retryable: true,
        details: { queue, timeoutMs },
      }),
    )
  }, timeoutMs)
  try {
    return await Promise.race([channel.get(queue), late])
  } finally {
    clearTimeout(timer)
  }
}
