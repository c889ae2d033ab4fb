import { aborted } from '../abort.ts'
import type { Link } from '../connection/link.ts'
import { Patience } from '../connection/patience.ts'
import { ProducerError } from '../errors.ts'
import { LogReader } from '../result-log/log-reader.ts'
import { ReadAhead } from '../result-log/read-ahead.ts'
import { type LogRecord, readRecord } from '../result-log/record.ts'
import { appendRecords } from '../result-log/result-log.ts'
import { SeenIndexes } from '../result-log/seen-indexes.ts'
import { type Batch, logOf } from './batch.ts'
import { isQueueDone, unrecordedDeadLetters } from './lost-items.ts'
import type { WorkBeside } from './work-beside.ts'

/** After this time without a record, and again after each further one, missing items are looked for. */
const IDLE_MS = 1_000
/** The looks in a row that may find nothing of missing items before that is an error: a dead letter may be on its way. */
const FRUITLESS_LOOKS = 15

/**
 * After this number of {@link IDLE_MS} without a record the log is read by a new consumer. A broker that restarts can forget a consumer of
 * a stream that it has just accepted: it then delivers nothing, and says nothing.
 */
const READ_ANEW_EVERY = 5

/** While workers are there, dead letters are looked at once in this number of {@link IDLE_MS}: others cannot see them meanwhile. */
const LOOK_EVERY = 5

/** While items may still be done, dead letters that cannot be looked at are no error. */
function noneWhereNotSeen(error: unknown): [] {
  const codes = ['DEAD_LETTERS_LIMITED', 'NOT_PERMITTED', 'QUEUE_UNAVAILABLE']
  if (error instanceof ProducerError && codes.includes(error.code)) return []
  throw error
}

/** The records of a log, each item once, over all the connections that it takes, until all items have ended. */
export class Collection {
  readonly #seen = new SeenIndexes()
  readonly #link: Link
  readonly #batch: Batch
  readonly #work: WorkBeside
  readonly #signal: AbortSignal | undefined
  readonly #patience: Patience
  readonly #ahead = new ReadAhead()
  #reader: LogReader | undefined
  /** The number of items of the batch, once it is known. */
  #total: number | undefined
  #nextOffset = 0
  #fruitless = 0
  #idle = 0

  constructor(link: Link, batch: Batch, reconnectForMs: number, work: WorkBeside) {
    this.#link = link
    this.#batch = batch
    this.#work = work
    this.#signal = work.signal
    this.#patience = new Patience(reconnectForMs)
  }

  /** The record of the next item; undefined when all items have ended. */
  async next(): Promise<{ readonly index: number; readonly record: LogRecord } | undefined> {
    while (this.#total === undefined || this.#seen.size < this.#total) {
      const record = this.#reader?.take() ?? (await this.#waitForRecord())
      if (record === undefined) continue
      this.#nextOffset = record.offset + 1
      this.#ahead.passed(record.message.content.length)
      const content = readRecord(record)
      if (content.type === 'closed') this.#total = content.total
      if (content.type === 'item' && this.#seen.add(content.index)) return { index: content.index, record }
    }
    return undefined
  }

  async close(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close()
  }

  /** Waits for a record for a while. Goes on over another connection where that may help. */
  async #waitForRecord(): Promise<LogRecord | undefined> {
    try {
      const about = { address: this.#link.shown, queue: logOf(this.#batch) }
      if (this.#ahead.adapt()) await this.close()
      const { records: ahead } = this.#ahead
      this.#reader ??= await LogReader.open(await this.#link.open(this.#signal), about, this.#nextOffset, ahead)
      const record = await this.#reader.next(IDLE_MS, this.#signal)
      if (record === undefined) this.#idle += 1
      if (record === undefined && this.#total !== undefined) await this.#findMissing(this.#total)
      if (record !== undefined) {
        this.#fruitless = 0
        this.#idle = 0
      } else if (this.#idle % READ_ANEW_EVERY === 0) {
        await this.close()
      }
      this.#patience.progressed()
      return record
    } catch (error) {
      await this.close()
      const ended = aborted(this.#signal)
      if (ended !== undefined) throw ended
      const mayHeal = error instanceof ProducerError && error.retryable && error.code !== 'RESULTS_MISSING'
      // Opening has tried again by itself for as long as it may.
      if (!mayHeal || error.code === 'BROKER_UNREACHABLE' || !this.#link.reconnects) throw error
      if (await this.#patience.tryAgain(this.#signal)) return undefined
      throw aborted(this.#signal) ?? error
    }
  }

  /** Writes the records of items that the broker itself dead-lettered; they are then read like all others. */
  async #findMissing(total: number): Promise<void> {
    const connection = await this.#link.open(this.#signal)
    const { shown: address } = this.#link
    const isOver = this.#work.isOver || (await isQueueDone(connection, address, this.#batch.queue))
    if (!isOver) {
      this.#fruitless = 0
      // Workers may wait for more items for ever, and never do one that was dead-lettered.
      if (this.#idle % LOOK_EVERY !== 0) return
    }
    const look = unrecordedDeadLetters(connection, address, this.#batch, this.#seen, this.#signal)
    const records = await (isOver ? look : look.catch(noneWhereNotSeen))
    if (records.length > 0) return await appendRecords(connection, { address, queue: logOf(this.#batch) }, records)
    if (!isOver) return
    this.#fruitless += 1
    if (this.#fruitless >= FRUITLESS_LOOKS) throw this.#missing(total)
  }

  #missing(total: number): ProducerError {
    const { queue, id } = this.#batch
    const missing = total - this.#seen.size
    return new ProducerError({
      code: 'RESULTS_MISSING',
      message: `${missing} of ${total} items of batch ${id} have neither a result nor a dead letter, and nobody works on queue ${queue} any more.`,
      hint: 'Were items or dead letters purged, or done by a worker that is not podqueue? The results so far are still there.',
      retryable: true,
      details: { queue, batch: id, missing },
    })
  }
}
