import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { queueExists } from '../queue/declare-queue.ts'

export interface PurgeDeadLettersOptions extends ConnectionOptions, SignalOption {}

const PURGE_DEAD_LETTERS_OPTIONS: Names<PurgeDeadLettersOptions> = { ...CONNECTION_OPTIONS, signal: true }

/** The dead letters that are gone. */
export interface Purged {
  readonly purged: number
}

/**
 * Removes all dead letters of a queue, for good. Those that another client holds at the time stay.
 *
 * @param queue the queue that the items came from, not its dead-letter queue
 * @throws {ProducerError} `NOT_PERMITTED` without read on `<queue>.dead`; what a connection can throw
 */
export async function purgeDeadLetters(queue: string, options: PurgeDeadLettersOptions = {}): Promise<Purged> {
  return await withLink(
    'purgeDeadLetters',
    (problems) => checkPurge(problems, queue, options, PURGE_DEAD_LETTERS_OPTIONS),
    async (link, checked) => purgeOn(await link.open(checked.signal), link.shown, queue),
  )
}

/** Checks a call of `purgeDeadLetters` that takes options of these names. Returns the options. */
export function checkPurge<Options extends object>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  return options
}

/** Removes dead letters on an open connection. */
export async function purgeOn(connection: AmqpConnection, address: string, queue: string): Promise<Purged> {
  const about = { address, queue: deadLetterQueueOf(queue), needs: 'read' }
  if (!(await queueExists(connection, address, about.queue))) return { purged: 0 }
  const { messageCount } = await onChannel(connection, about, (channel) => channel.purgeQueue(about.queue))
  return { purged: messageCount }
}
