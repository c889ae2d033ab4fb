import { tracingChannel } from 'node:diagnostics_channel'
import { COLLECTED, type CollectTrace } from '../diagnostics.ts'
import type { LogRecord } from '../result-log/record.ts'
import { type Batch, logOf } from './batch.ts'
import type { ItemResult } from './item-result.ts'

const COLLECT = tracingChannel<unknown, CollectTrace>('podqueue:collect')

/** Tells one call of `collectResults` on the diagnostics channels. A generator has no one call that a trace could be around. */
export class CollectTracing implements Disposable {
  readonly #trace: CollectTrace
  readonly #log: string

  constructor(batch: Batch, address: string) {
    this.#trace = { queue: batch.queue, batch: batch.id, address, collected: 0 }
    this.#log = logOf(batch)
    if (COLLECT.start.hasSubscribers) COLLECT.start.publish(this.#trace)
  }

  collected({ index, status }: ItemResult<unknown>, { message }: LogRecord): void {
    this.#trace.collected += 1
    if (!COLLECTED.hasSubscribers) return
    COLLECTED.publish({
      collect: this.#trace,
      log: this.#log,
      index,
      status,
      headers: message.properties.headers ?? {},
    })
  }

  failed(error: unknown): void {
    this.#trace.error = error
    if (COLLECT.error.hasSubscribers) COLLECT.error.publish(this.#trace)
  }

  [Symbol.dispose](): void {
    if (COLLECT.asyncEnd.hasSubscribers) COLLECT.asyncEnd.publish(this.#trace)
  }
}
