import { deadLetterQueueOf, operationFault, queueNameProblem } from '@internal/amqp'
import { Problems } from '@internal/errors'
import type { Channel, ChannelModel } from 'amqplib'
import { type ConnectionOptions, openConnection } from './connection.ts'
import { ProducerError, toProducerError } from './errors.ts'
import { deadLetterArguments, type QueueOptions, queueArguments } from './queue-arguments.ts'

export interface DeclareQueueOptions extends QueueOptions, ConnectionOptions {}

/** The queues that a declaration leaves behind. */
export interface DeclaredQueue {
  readonly queue: string
  /** Where items go that were given up on. */
  readonly deadLetterQueue: string
}

/**
 * Declares a durable work queue and, before it, its dead-letter queue `<queue>.dead`. Doing it again changes nothing.
 *
 * @param queue at most 250 bytes, not beginning with `amq.`
 * @throws {ProducerError} `QUEUE_MISMATCH` when the queue exists with other arguments: the broker names the first that
 * differs. `INVALID_OPTIONS`, and what a connection can throw.
 */
export async function declareQueue(queue: string, options: DeclareQueueOptions = {}): Promise<DeclaredQueue> {
  const problems = new Problems()
  const name = queueNameProblem(queue)
  if (name !== undefined) problems.add('queue', name)
  problems.oneOf('type', options.type, ['quorum', 'classic'])
  problems.wholeNumber('deliveryLimit', options.deliveryLimit, { min: 1 })
  if (options.type === 'classic' && options.deliveryLimit !== undefined) {
    problems.add('deliveryLimit', "is not counted by classic queues: leave it out, or type: 'quorum'")
  }
  problems.throwAs('declareQueue', toProducerError)

  await using connection = await openConnection(options)
  return await declareOn(connection.model, connection.address.shown, queue, options)
}

/** Declares a queue and its dead-letter queue on an open connection. */
export async function declareOn(
  model: ChannelModel,
  address: string,
  queue: string,
  options: QueueOptions,
): Promise<DeclaredQueue> {
  const deadLetterQueue = deadLetterQueueOf(queue)
  // The dead-letter queue first: dead letters without a target wait unseen, and arrive minutes after it exists.
  // One that is there already is used as it is; its kind is its owner's choice.
  if (!(await queueExists(model, address, deadLetterQueue))) {
    const version = String(model.connection.serverProperties.version)
    await onChannel(model, address, deadLetterQueue, (channel) =>
      channel.assertQueue(deadLetterQueue, { durable: true, arguments: deadLetterArguments(version) }),
    )
  }
  await onChannel(model, address, queue, (channel) =>
    channel.assertQueue(queue, { durable: true, arguments: queueArguments(queue, options) }),
  )
  return { queue, deadLetterQueue }
}

export async function queueExists(model: ChannelModel, address: string, queue: string): Promise<boolean> {
  try {
    await onChannel(model, address, queue, (channel) => channel.checkQueue(queue))
    return true
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return false
    throw error
  }
}

/** Runs one operation on a channel of its own: a refusal by the broker closes the channel, and only that one. */
export async function onChannel<T>(
  model: ChannelModel,
  address: string,
  queue: string,
  operation: (channel: Channel) => Promise<T>,
): Promise<T> {
  try {
    const channel = await model.createChannel()
    channel.on('error', () => {})
    const result = await operation(channel)
    await channel.close()
    return result
  } catch (error) {
    if (error instanceof ProducerError) throw error
    throw new ProducerError(operationFault(error, { queue, address }))
  }
}
