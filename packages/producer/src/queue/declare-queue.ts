import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { ProducerError } from '../errors.ts'
import { declaredDeliveryLimit, rememberDeliveryLimit } from './delivery-limit.ts'
import {
  checkQueueOptions,
  deadLetterArguments,
  QUEUE_OPTIONS,
  type QueueOptions,
  queueArguments,
  REFUSED_QUEUE_OPTIONS,
  unsupported,
} from './queue-arguments.ts'
import { serverVersion } from './server-version.ts'

/** The options of {@link declareQueue}: those of the queue, and those of the connection. */
export interface DeclareQueueOptions extends QueueOptions, ConnectionOptions, SignalOption {}

const DECLARE_QUEUE_OPTIONS: Names<DeclareQueueOptions> = { ...QUEUE_OPTIONS, ...CONNECTION_OPTIONS, signal: true }

/** The queues that a declaration leaves behind. */
export interface DeclaredQueue {
  readonly queue: string
  /** Items that were delivered too often go there. */
  readonly deadLetterQueue: string
}

/**
 * Declares a durable work queue and, before it, its dead-letter queue `<queue>.dead`. A second call changes nothing.
 *
 * @param queue at most 250 bytes, not beginning with `amq.`
 * @throws {ProducerError} `QUEUE_MISMATCH` when the queue exists with other arguments: the broker names the first that
 * differs. `UNSUPPORTED_BY_BROKER` when its version does not support an option. `INVALID_OPTIONS`, and the errors of a
 * connection.
 */
export async function declareQueue(queue: string, options: DeclareQueueOptions = {}): Promise<DeclaredQueue> {
  return await withLink(
    'declareQueue',
    (problems) => checkDeclaration(problems, queue, options, DECLARE_QUEUE_OPTIONS),
    async (link, checked) => declareOn(await link.open(checked.signal), link.shown, queue, checked),
  )
}

/** Checks a declaration that takes options of these names, and returns them. */
export function checkDeclaration<Options extends QueueOptions>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names, REFUSED_QUEUE_OPTIONS)
  checkQueueName(problems, queue)
  checkQueueOptions(problems, options)
  return options
}

/** Declares a queue and its dead-letter queue on an open connection. */
export async function declareOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  options: QueueOptions,
): Promise<DeclaredQueue> {
  const version = serverVersion(connection)
  const cannot = unsupported(options, version)
  if (cannot.length > 0) {
    throw new ProducerError({
      code: 'UNSUPPORTED_BY_BROKER',
      message: `RabbitMQ ${version.text} at ${address} cannot declare queue ${queue} so. ${cannot.join(' ')}`,
      hint: 'Leave the option out, or use a newer RabbitMQ.',
      details: { queue, address, version: version.text },
    })
  }
  const deadLetterQueue = deadLetterQueueOf(queue)
  // The dead-letter queue comes first: dead letters without a target wait unseen, and arrive minutes after it exists.
  // An existing one is used as it is; its type is its owner's choice.
  if (!(await queueExists(connection, address, deadLetterQueue))) {
    await onChannel(connection, { address, queue: deadLetterQueue, needs: 'configure' }, (channel) =>
      channel.assertQueue(deadLetterQueue, { durable: true, arguments: deadLetterArguments(version) }),
    )
  }
  // A queue with a dead-letter exchange also needs read on itself and write on the exchange.
  await onChannel(connection, { address, queue, needs: 'configure and read' }, (channel) =>
    channel.assertQueue(queue, { durable: true, arguments: queueArguments(queue, options) }),
  )
  rememberDeliveryLimit(connection, queue, declaredDeliveryLimit(options))
  return { queue, deadLetterQueue }
}

export async function queueExists(connection: AmqpConnection, address: string, queue: string): Promise<boolean> {
  try {
    await onChannel(connection, { address, queue }, (channel) => channel.checkQueue(queue))
    return true
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return false
    throw error
  }
}
