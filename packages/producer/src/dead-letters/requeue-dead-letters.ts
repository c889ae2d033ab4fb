import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf, resultLogOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import type { Channel, ConsumeMessage } from 'amqplib'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { type Operation, onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { ProducerError } from '../errors.ts'
import { queueExists } from '../queue/declare-queue.ts'
import { countHeld } from '../queue/inspect-queue.ts'
import { DoneItems } from '../result-log/done-items.ts'
import { openCopies } from './copies.ts'
import { placeInBatch } from './dead-letter.ts'
import { MOST_LOOKED_AT } from './list-dead-letters.ts'
import { givingWay, lookThrough } from './look.ts'
import { PacedAcks } from './paced-acks.ts'
import { checkReturnable } from './returnable.ts'

/** Which dead letters go back. */
export interface RequeueOptions {
  /** Only those with these ids; they are looked for among the first 65535. Default: all. */
  readonly ids?: readonly string[] | undefined
  /** The number of dead letters to take at most, from the oldest on. Default: all that are there at the start. */
  readonly limit?: number | undefined
  /**
   * How long the queues may answer nothing, milliseconds: no dead letter is delivered although some are there, or the
   * broker confirms no copy. Default: 30000.
   */
  readonly confirmTimeoutMs?: number | undefined
}

export interface RequeueDeadLettersOptions extends RequeueOptions, ConnectionOptions, SignalOption {}

/** The names of these options. */
export const REQUEUE_OPTIONS: Names<RequeueOptions> = { ids: true, limit: true, confirmTimeoutMs: true }

const REQUEUE_DEAD_LETTERS_OPTIONS: Names<RequeueDeadLettersOptions> = {
  ...REQUEUE_OPTIONS,
  ...CONNECTION_OPTIONS,
  signal: true,
}

/** The dead letters that are in their queue again. */
export interface Requeued {
  readonly requeued: number
  /**
   * Dead letters that are gone without being put back: their item is done, and its result is in the log of its batch. A worker that is
   * killed between result and ack in the last delivery leaves such a one.
   */
  readonly alreadyDone: number
  /** Ids that were asked for and not found. Empty without `ids`. */
  readonly notFound: readonly string[]
}

/** The number of copies that are published and not yet confirmed, at most. */
const WINDOW = 500

/** How long others may hold all dead letters before that is taken for a fault, milliseconds. */
const HELD_TIMEOUT_MS = 5_000

/**
 * Puts dead letters back into their queue, under the same ids and with the headers that their publisher wrote; their
 * deliveries are counted from the start. A dead letter leaves `<queue>.dead` only when the broker has confirmed its copy: ended at
 * any moment, this loses none. A lost connection may leave at most 500 of them in both queues.
 *
 * Those that fail again during the call are not put back a second time. Those whose item has a result in the log of its batch are
 * not put back, and leave `<queue>.dead` too.
 *
 * @param queue the queue that the items came from; it must exist
 * @throws {ProducerError} `REQUEUE_INCOMPLETE` when it ended before: `details.requeued` are back, the others are still dead
 * letters. With `ids`, `DEAD_LETTERS_LIMITED` when the dead-letter queue drops what is looked at too often. Everything that a connection can
 * throw.
 */
export async function requeueDeadLetters(queue: string, options: RequeueDeadLettersOptions = {}): Promise<Requeued> {
  return await withLink(
    'requeueDeadLetters',
    (problems) => checkRequeue(problems, queue, options, REQUEUE_DEAD_LETTERS_OPTIONS),
    async (link, checked) => requeueOn(await link.open(checked.signal), link.shown, queue, checked),
  )
}

/** Checks a call of `requeueDeadLetters` that takes options of these names. Returns the options. */
export function checkRequeue<Options extends RequeueOptions>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  const ids = problems.texts('ids', options.ids, 'the ids of dead letters')
  problems.wholeNumber('limit', options.limit, { min: 1 })
  problems.durationMs('confirmTimeoutMs', options.confirmTimeoutMs, { min: 1 })
  return { ...options, ids }
}

/** Puts dead letters back on an open connection. */
export async function requeueOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  {
    ids,
    limit = Number.POSITIVE_INFINITY,
    confirmTimeoutMs: timeoutMs = 30_000,
    signal,
  }: RequeueOptions & SignalOption,
): Promise<Requeued> {
  const wanted = ids === undefined ? undefined : new Set(ids)
  const from: Operation = { address, queue: deadLetterQueueOf(queue) }
  await onChannel(connection, { address, queue }, (channel) => channel.checkQueue(queue))
  if (wanted?.size === 0 || !(await queueExists(connection, address, from.queue)))
    return { requeued: 0, alreadyDone: 0, notFound: ids ?? [] }
  if (wanted !== undefined) await checkReturnable(connection, from)
  const copies = await openCopies(connection, { address, queue })
  const acks = new PacedAcks(from.queue)
  const notFound = new Set(wanted)
  const done = new DoneItems(connection, address, timeoutMs / 2, signal)
  let alreadyDone = 0
  let chosen = 0
  const putBack = async (message: ConsumeMessage, channel: Channel): Promise<void> => {
    const { messageId } = message.properties
    if (chosen >= limit || (wanted !== undefined && !wanted.has(messageId))) return
    chosen += 1
    const place = placeInBatch(queue, message)
    const isDone = place !== undefined && (await done.has(resultLogOf(queue, place.batch), place.index))
    if (isDone) alreadyDone += 1
    else await copies.publish(message)
    await acks.ack(message, channel)
    notFound.delete(messageId)
  }
  const look = { ...from, timeoutMs, signal }
  try {
    await givingWay(look, async () => {
      const { ready, verified } = await countHeld(connection, { ...from, timeoutMs: HELD_TIMEOUT_MS })
      if (ready === 0 && verified) return
      // Those that fail again meanwhile come after those that are there now.
      const there = ready === 0 ? MOST_LOOKED_AT : Math.min(ready, MOST_LOOKED_AT)
      const atMost = wanted === undefined ? Math.min(ready, limit - chosen) : there
      const prefetch = wanted === undefined ? Math.min(atMost, WINDOW) : atMost
      await lookThrough(connection, { ...look, atMost, prefetch }, putBack)
    })
    return { requeued: copies.confirmed, alreadyDone, notFound: [...notFound] }
  } catch (error) {
    throw incomplete(error, queue, copies.confirmed)
  } finally {
    await copies.close()
  }
}

function incomplete(cause: unknown, queue: string, requeued: number): unknown {
  if (!(cause instanceof ProducerError)) return cause
  return new ProducerError({
    code: 'REQUEUE_INCOMPLETE',
    message: `${requeued} dead letters are in queue ${queue} again, and then it ended: ${cause.message}`,
    hint: `The others are still in ${deadLetterQueueOf(queue)}: call again. ${cause.hint}`.trim(),
    retryable: cause.retryable,
    details: { queue, requeued },
    cause,
  })
}
