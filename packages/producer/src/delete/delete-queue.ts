import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf, isBatchId, resultLogOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { type Operation, onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { placeInBatch } from '../dead-letters/dead-letter.ts'
import { MOST_LOOKED_AT } from '../dead-letters/list-dead-letters.ts'
import { HeldByOthers, lookThrough } from '../dead-letters/look.ts'
import { ProducerError } from '../errors.ts'
import { forgetDeliveryLimit } from '../queue/delivery-limit.ts'
import { type Count, countQueue } from '../queue/inspect-queue.ts'

/** How a queue is deleted. */
export interface DeleteOptions {
  /** Whether items and dead letters in it are deleted too, and workers that consume from it are cut off. Default: false. */
  readonly discardItems?: boolean | undefined
  /** The ids of batches of this queue, from receipts of `enqueue`: their results are deleted too. Default: none. */
  readonly batches?: readonly string[] | undefined
}

/** The options of {@link deleteQueue}: whether to discard items, and those of the connection. */
export interface DeleteQueueOptions extends DeleteOptions, ConnectionOptions, SignalOption {}

/** The names of these options. */
export const DELETE_OPTIONS: Names<DeleteOptions> = { discardItems: true, batches: true }

const DELETE_QUEUE_OPTIONS: Names<DeleteQueueOptions> = { ...DELETE_OPTIONS, ...CONNECTION_OPTIONS, signal: true }

/**
 * Deletes a queue and its dead-letter queue. One that does not exist is deleted already.
 *
 * Both are looked at first, and then deleted: an item that comes in between goes with them.
 *
 * Results are in a log of each batch, and a broker does not list its queues over AMQP. So the logs are deleted of the `batches` that
 * are told, and with `discardItems` also of those that the first 65535 items and the first 65535 dead letters belong to. A batch whose
 * items are all done and whose results nobody has collected is known by its receipt alone.
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
  const batches = problems.texts('batches', options.batches, 'the ids of batches')
  if (batches?.every(isBatchId) === false)
    problems.add('batches', 'must be ids of batches: those of receipts of enqueue')
  return { ...options, batches }
}

/** Deletes a queue on an open connection. */
export async function deleteOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  { discardItems = false, batches: told = [], signal }: DeleteOptions & SignalOption,
): Promise<void> {
  const deadLetterQueue = deadLetterQueueOf(queue)
  const batches = new Set(told)
  if (discardItems) {
    for (const each of [queue, deadLetterQueue])
      await addBatchesIn(connection, { address, queue: each, signal }, queue, batches)
  } else {
    for (const each of [queue, deadLetterQueue]) {
      const reading = await readingOf(connection, address, each)
      if (reading !== undefined) checkEmpty(each, address, reading)
    }
  }
  // The queue first: it may still send dead letters to the other.
  for (const each of [queue, deadLetterQueue]) {
    forgetDeliveryLimit(connection, each)
    await deleteOne(connection, address, each)
  }
  for (const batch of batches) await deleteOne(connection, address, resultLogOf(queue, batch))
}

async function deleteOne(connection: AmqpConnection, address: string, queue: string): Promise<void> {
  await onChannel(connection, { address, queue, needs: 'configure' }, (channel) => channel.deleteQueue(queue))
}

/**
 * Adds the batches whose items lie in a queue that is to be deleted. The look counts as a delivery of each, which does not matter any
 * more. Where others hold the items, or the queue has no leader, only those that come are looked at.
 */
async function addBatchesIn(
  connection: AmqpConnection,
  about: Operation & { readonly signal: AbortSignal | undefined },
  of: string,
  batches: Set<string>,
): Promise<void> {
  const look = { ...about, atMost: MOST_LOOKED_AT, prefetch: MOST_LOOKED_AT, timeoutMs: 5_000 }
  try {
    await lookThrough(connection, look, (message) => {
      const place = placeInBatch(of, message)
      if (place !== undefined) batches.add(place.batch)
    })
  } catch (error) {
    const mayGoOn = error instanceof ProducerError && ['QUEUE_NOT_FOUND', 'QUEUE_UNAVAILABLE'].includes(error.code)
    if (!mayGoOn && !(error instanceof HeldByOthers)) throw error
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
