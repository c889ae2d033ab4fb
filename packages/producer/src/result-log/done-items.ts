import type { AmqpConnection } from '@internal/amqp'
import type { Operation } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { LogReader } from './log-reader.ts'
import { readRecord } from './record.ts'
import { SeenIndexes } from './seen-indexes.ts'

/** How long a log may deliver nothing where a record is to be, milliseconds. One without any record is waited for as long. */
const SILENT_MS = 5_000

/** The items that have a result, by the logs of their batches. Each log is read once, when it is first asked for. */
export class DoneItems {
  readonly #connection: AmqpConnection
  readonly #address: string
  readonly #longestMs: number
  readonly #signal: AbortSignal | undefined
  readonly #logs = new Map<string, Promise<SeenIndexes>>()
  /** The logs are read one after the other: there may be as many as dead letters. */
  #reading: Promise<unknown> = Promise.resolve()

  /** @param longestMs the time after which a log is read no further; the results behind are then not known of */
  constructor(connection: AmqpConnection, address: string, longestMs: number, signal: AbortSignal | undefined) {
    this.#connection = connection
    this.#address = address
    this.#longestMs = longestMs
    this.#signal = signal
  }

  /** Whether an item has a result. False when its log is deleted, or may not be read. */
  async has(log: string, index: number): Promise<boolean> {
    let items = this.#logs.get(log)
    if (items === undefined) {
      items = this.#reading.then(() => this.#read(log))
      this.#logs.set(log, items)
      this.#reading = items.catch(() => {})
    }
    return (await items).has(index)
  }

  async #read(log: string): Promise<SeenIndexes> {
    const about = { address: this.#address, queue: log }
    const done = new SeenIndexes()
    try {
      const end = await this.#lastOffset(about)
      if (end !== undefined) await this.#readTo(end, about, done)
    } catch (error) {
      const isUnknown = error instanceof ProducerError && ['BATCH_NOT_FOUND', 'NOT_PERMITTED'].includes(error.code)
      if (!isUnknown) throw error
    }
    return done
  }

  /** The broker does not say how many records a log has, but it delivers the last of them. */
  async #lastOffset(about: Operation): Promise<number | undefined> {
    const reader = await LogReader.open(this.#connection, about, 'last')
    try {
      let last: number | undefined
      let record = await reader.next(SILENT_MS, this.#signal)
      while (record !== undefined) {
        last = record.offset
        record = reader.take()
      }
      return last
    } finally {
      await reader.close()
    }
  }

  async #readTo(end: number, about: Operation, done: SeenIndexes): Promise<void> {
    const startedAt = performance.now()
    const reader = await LogReader.open(this.#connection, about, 0)
    try {
      for (;;) {
        const record = reader.take() ?? (await reader.next(SILENT_MS, this.#signal))
        if (record === undefined) throw silent(about)
        const content = readRecord(record)
        if (content.type === 'item' && content.isDone) done.add(content.index)
        if (record.offset >= end || performance.now() - startedAt > this.#longestMs) return
      }
    } finally {
      await reader.close()
    }
  }
}

function silent({ queue, address }: Operation): ProducerError<'QUEUE_UNAVAILABLE'> {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `Result log ${queue} at ${address} delivered nothing for ${SILENT_MS} ms, so nobody knows which items have a result.`,
    hint: 'This heals when the broker does: try again.',
    retryable: true,
    details: { queue, address, timeoutMs: SILENT_MS },
  })
}
