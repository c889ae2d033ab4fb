import type { AmqpConnection } from '@internal/amqp'
import { within } from '@internal/async'
import type { Channel, ConsumeMessage } from 'amqplib'
import { channelFor, type Operation, operationError } from '../connection/on-channel.ts'
import type { ProducerError } from '../errors.ts'
import type { LogRecord } from './record.ts'
import { batchNotFound } from './result-log.ts'

/** The number of records that are read ahead, unless told. */
const WINDOW = 100

/** Reads a result log from an offset on, over one channel. */
export class LogReader {
  readonly #channel: Channel
  readonly #about: Operation
  readonly #from: number
  readonly #window: number
  #records: LogRecord[] = []
  #next = 0
  #unacked = 0
  #failed: ProducerError | undefined
  #wake: () => void = () => {}

  private constructor(channel: Channel, about: Operation, from: number, window: number) {
    this.#channel = channel
    this.#about = about
    this.#from = from
    this.#window = window
  }

  /**
   * @param from the offset of the first record; `last` is the broker's last chunk, which has one record or more
   * @param window the number of records that are read ahead
   * @throws {ProducerError} `BATCH_NOT_FOUND` when there is no such log
   */
  static async open(
    connection: AmqpConnection,
    about: Operation,
    from: number | 'last',
    window: number = WINDOW,
  ): Promise<LogReader> {
    const channel = await channelFor(connection, about)
    const reader = new LogReader(channel, about, from === 'last' ? 0 : from, window)
    let cause: unknown
    channel.on('error', (error) => {
      cause = error
    })
    channel.on('close', () => reader.#fail(cause ?? new Error('It was closed.')))
    try {
      // A stream refuses a consumer without a prefetch.
      await channel.prefetch(window)
      await channel.consume(about.queue, (message) => reader.#onRecord(message), {
        arguments: { 'x-stream-offset': from === 0 ? 'first' : from },
      })
      return reader
    } catch (error) {
      throw asBatchError(operationError(cause ?? error, { needs: 'read', ...about }), about)
    }
  }

  /** A record that is here already; undefined when there is none. */
  take(): LogRecord | undefined {
    const record = this.#records[this.#next]
    if (record === undefined) return undefined
    this.#next += 1
    if (this.#next === this.#records.length) {
      this.#records = []
      this.#next = 0
    }
    this.#passed(record.message)
    return record
  }

  /**
   * The next record; undefined when none has come for `timeoutMs`.
   *
   * @throws {ProducerError} when the log or the channel is gone
   */
  async next(timeoutMs: number, signal: AbortSignal | undefined): Promise<LogRecord | undefined> {
    if (this.#records.length === 0 && this.#failed === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await within(promise, timeoutMs, signal)
    }
    const record = this.take()
    if (record === undefined && this.#failed !== undefined) throw this.#failed
    return record
  }

  async close(): Promise<void> {
    this.#failed ??= operationError(new Error('It was closed.'), this.#about)
    await within((async () => await this.#channel.close())(), CLOSE_TIMEOUT_MS).catch(() => {})
  }

  #onRecord(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#failed ??= batchNotFound(this.#about)
      this.#wake()
      return
    }
    const offset = Number(message.properties.headers?.['x-stream-offset'])
    // A stream delivers from the beginning of a chunk on.
    if (offset < this.#from) this.#passed(message)
    else {
      this.#records.push({ offset, message })
      this.#wake()
    }
  }

  /** The ack lets more be delivered; it removes nothing from a stream. */
  #passed(message: ConsumeMessage): void {
    this.#unacked += 1
    if (this.#unacked < this.#window / 4 || this.#failed !== undefined) return
    this.#unacked = 0
    this.#channel.ack(message, true)
  }

  #fail(error: unknown): void {
    this.#failed ??= asBatchError(operationError(error, this.#about), this.#about)
    this.#wake()
  }
}

function asBatchError(error: ProducerError, about: Operation): ProducerError {
  return error.code === 'QUEUE_NOT_FOUND' ? batchNotFound(about, error) : error
}

const CLOSE_TIMEOUT_MS = 1_000
