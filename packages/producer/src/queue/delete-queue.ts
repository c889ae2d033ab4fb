import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { ProducerError } from '../errors.ts'
import { forgetDeliveryLimit } from './delivery-limit.ts'
import { type Count, countQueue } from './inspect-queue.ts'

/** How a queue is deleted. */
export interface DeleteOptions {
  /** Whether items and dead letters in it are deleted too, and workers that consume from it are cut off. Default: false. */
  readonly discardItems?: boolean | undefined
}

/** The options of {@link deleteQueue}: whether to discard items, and those of the connection. */
export interface DeleteQueueOptions extends DeleteOptions, ConnectionOptions, SignalOption {}

/** The names of these options. */
export const DELETE_OPTIONS: Names<DeleteOptions> = { discardItems: true }

const DELETE_QUEUE_OPTIONS: Names<DeleteQueueOptions> = { ...DELETE_OPTIONS, ...CONNECTION_OPTIONS, signal: true }

/**
 * Deletes a queue and its dead-letter queue. One that does not exist is deleted already.
 *
 * Both are looked at first, and then deleted: an item that comes in between goes with them.
 *
 * @throws {ProducerError} `QUEUE_NOT_EMPTY` when it holds items or dead letters or has consumers, unless `discardItems` is
 * true; `NOT_PERMITTED` without configure and read on both; what a connection can throw
 */
export async function deleteQueue(queue: string, options: DeleteQueueOptions = {}): Promise<void> {
  await withLink(
    'deleteQueue',
    (problems) => checkDeletion(problems, queue, options, DELETE_QUEUE_OPTIONS),
    async (link, checked) => deleteOn(await link.open(checked.signal), link.shown, queue, checked),
  )
}

/** Checks a call of `deleteQueue` that takes options of these names. Returns the options. */
export function checkDeletion<Options extends DeleteOptions>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  problems.flag('discardItems', options.discardItems)
  return options
}

/** Deletes a queue on an open connection. */
export async function deleteOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  { discardItems = false }: DeleteOptions,
): Promise<void> {
  const deadLetterQueue = deadLetterQueueOf(queue)
  if (!discardItems) {
    for (const each of [queue, deadLetterQueue]) {
      const reading = await readingOf(connection, address, each)
      if (reading !== undefined) checkEmpty(each, address, reading)
    }
  }
  // The queue first: it may still send dead letters to the other.
  for (const each of [queue, deadLetterQueue]) {
    forgetDeliveryLimit(connection, each)
    await onChannel(connection, { address, queue: each, needs: 'configure' }, (channel) => channel.deleteQueue(each))
  }
}

async function readingOf(connection: AmqpConnection, address: string, queue: string): Promise<Count | undefined> {
  try {
    return await countQueue(connection, { address, queue, timeoutMs: 5_000 })
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return undefined
    throw error
  }
}

function checkEmpty(queue: string, address: string, { ready, consumers, verified }: Count): void {
  if (ready === 0 && consumers === 0 && verified) return
  const holds =
    verified || ready > 0 || consumers > 0
      ? `${ready} items and ${consumers} consumers`
      : 'items, for all that is known'
  throw new ProducerError({
    code: 'QUEUE_NOT_EMPTY',
    message: `Queue ${queue} at ${address} has ${holds}. Nothing was deleted.`,
    hint: 'Wait until they are done, or give discardItems: true to delete them too.',
    details: { queue, address, ready, consumers },
  })
}
