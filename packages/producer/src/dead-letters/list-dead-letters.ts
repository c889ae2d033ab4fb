import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { deadLetterQueueOf, isBatchId } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { queueExists } from '../queue/declare-queue.ts'
import { type DeadLetter, placeInBatch, toDeadLetter } from './dead-letter.ts'
import { givingWay, lookThrough } from './look.ts'
import { checkReturnable } from './returnable.ts'

/** How dead letters are looked at. */
export interface ListOptions {
  /** The number of dead letters to list, from the oldest on; at most 65535. Default: 1000. */
  readonly limit?: number | undefined
  /** Only items of the batch with this id. They are looked for among the first 65535 dead letters. Default: all. */
  readonly batch?: string | undefined
  /**
   * The number of dead letters to pass over, the oldest first, as for the next page; with `limit` at most 65535. Their bodies are
   * not kept. Default: 0.
   */
  readonly skip?: number | undefined
  /**
   * How long the queue may deliver nothing although it is not known to be empty, milliseconds: its leader does not answer,
   * or another client looks at it. Default: 5000.
   */
  readonly verifyTimeoutMs?: number | undefined
}

export interface ListDeadLettersOptions extends ListOptions, ConnectionOptions, SignalOption {}

/** The names of these options. */
export const LIST_OPTIONS: Names<ListOptions> = { limit: true, skip: true, batch: true, verifyTimeoutMs: true }

const LIST_DEAD_LETTERS_OPTIONS: Names<ListDeadLettersOptions> = {
  ...LIST_OPTIONS,
  ...CONNECTION_OPTIONS,
  signal: true,
}

const DEFAULT_LIMIT = 1_000

/** AMQP's prefetch is 16 bits wide: no more messages can be looked at and put back at the same time. */
export const MOST_LOOKED_AT = 65_535

/**
 * Looks at the dead letters of a queue, and leaves them there. Their bodies are all in memory. A queue without a dead-letter
 * queue has none.
 *
 * @param queue the queue that the items came from, not its dead-letter queue
 * @throws {ProducerError} `DEAD_LETTERS_LIMITED` when the dead-letter queue drops what is looked at too often;
 * `QUEUE_UNAVAILABLE` after `verifyTimeoutMs`; `NOT_PERMITTED` without configure and read on `<queue>.dead`; what a connection
 * can throw.
 */
export async function listDeadLetters(queue: string, options: ListDeadLettersOptions = {}): Promise<DeadLetter[]> {
  return await withLink(
    'listDeadLetters',
    (problems) => checkListing(problems, queue, options, LIST_DEAD_LETTERS_OPTIONS),
    async (link, checked) => listOn(await link.open(checked.signal), link.shown, queue, checked),
  )
}

/** Checks a call of `listDeadLetters` that takes options of these names. Returns the options. */
export function checkListing<Options extends ListOptions>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  problems.wholeNumber('limit', options.limit, { min: 1, max: MOST_LOOKED_AT })
  problems.wholeNumber('skip', options.skip, { max: MOST_LOOKED_AT - (options.limit ?? DEFAULT_LIMIT) })
  if (options.batch !== undefined && !isBatchId(options.batch)) {
    problems.add('batch', 'must be the id of a batch: the id of a receipt of enqueue')
  }
  problems.durationMs('verifyTimeoutMs', options.verifyTimeoutMs, { min: 1 })
  return options
}

/** Looks at dead letters on an open connection. */
export async function listOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  { limit = DEFAULT_LIMIT, skip = 0, batch, verifyTimeoutMs: timeoutMs = 5_000, signal }: ListOptions & SignalOption,
): Promise<DeadLetter[]> {
  const about = { address, queue: deadLetterQueueOf(queue) }
  if (!(await queueExists(connection, address, about.queue))) return []
  await checkReturnable(connection, about)
  const atMost = batch === undefined ? skip + limit : MOST_LOOKED_AT
  const look = { ...about, atMost, prefetch: atMost, timeoutMs, signal }
  return await givingWay(look, async () => {
    const found: DeadLetter[] = []
    let passed = 0
    await lookThrough(connection, look, (message) => {
      if (found.length === limit || (batch !== undefined && placeInBatch(queue, message)?.batch !== batch)) return
      if (passed < skip) passed += 1
      else found.push(toDeadLetter(queue, message))
    })
    return found
  })
}
