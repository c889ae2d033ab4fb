import { toWorkerError, WorkerError } from './errors.ts'
import type { Handler } from './handle/handler.ts'
import { Lease } from './handle/lease.ts'
import type { ConsumeManyResult } from './many/consume-many-result.ts'
import { Pool } from './many/pool.ts'
import { Tally } from './many/tally.ts'
import { type ResolvedManyOptions, resolveManyOptions } from './options/resolve-options.ts'
import type { ConsumeManyOptions } from './options/worker-options.ts'
import { abortedError, inSessions, lostBefore, type Session } from './take/session.ts'
import { take } from './take/take.ts'

/**
 * Takes items from a queue and runs the handler on each, up to `concurrency` at a time, until the queue is empty or a limit
 * is reached. Each item has the guarantees of `consumeOne`; one that fails does not stop the others.
 *
 * It takes no more items than it wants: near `maxItems` it cancels the consumer just before an ack, because an item that is
 * delivered and not wanted would go back with one delivery more.
 *
 * @throws {WorkerError} `TOO_MANY_FAILURES`: `maxConsecutiveFailures` attempts in a row failed. `LEASE_LOST` and
 * `ACK_UNCONFIRMED`: other workers get the items in hand. `RELEASED` and `ABORTED`: the signal ended the call, with or without
 * items given back. `details` has the counts. Otherwise as `consumeOne`.
 */
export async function consumeMany(handler: Handler, options: ConsumeManyOptions): Promise<ConsumeManyResult> {
  return await takeMany(handler, resolveManyOptions(handler, options))
}

/** {@link consumeMany} with options that were checked. */
export async function takeMany(handler: Handler, resolved: ResolvedManyOptions): Promise<ConsumeManyResult> {
  const tally = new Tally(resolved.maxItems)
  using clock = new Clock(resolved)
  const prefetch = (): number => Math.min(resolved.concurrency, tally.left)
  return await inSessions<ConsumeManyResult>(
    clock.options,
    async (link, consumer): Promise<Session<ConsumeManyResult>> => {
      using lease = new Lease(consumer.lost, resolved.signal)
      const pool = new Pool(handler, consumer, lease, tally, resolved)
      for (;;) {
        const taken = await take(link, consumer, prefetch(), clock.options)
        if (taken === 'empty') return { type: 'ended', result: tally.result('empty') }
        if (taken === 'lost') return { type: 'fault', fault: lostBefore(consumer, resolved) }
        const stop = await pool.work(clock.over)
        if (stop !== undefined) throw withTally(stop, tally)
        if (resolved.signal?.aborted === true) throw abortedError(resolved)
        if (tally.left === 0) return { type: 'ended', result: tally.result('max-items') }
        if (clock.over.aborted) return { type: 'ended', result: tally.result('max-duration') }
      }
    },
  ).catch((error: unknown) => {
    // The wait for an item or for the broker was cut short, with nothing in hand.
    if (!(error instanceof WorkerError) || error.code !== 'ABORTED') throw error
    if (resolved.signal?.aborted !== true) return tally.result('max-duration')
    throw withTally(error, tally)
  })
}

function withTally(error: unknown, { counts }: Tally): unknown {
  if (!(error instanceof WorkerError)) return error
  return toWorkerError({
    code: error.code,
    message: error.message,
    hint: error.hint,
    retryable: error.retryable,
    details: { ...error.details, ...counts },
    cause: error.cause,
  })
}

/** Aborts `over` after `maxDurationMs`, and gives the options for the waits for an item, which `over` ends too. */
class Clock {
  readonly #over = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  readonly options: ResolvedManyOptions

  constructor(options: ResolvedManyOptions) {
    const { maxDurationMs, signal } = options
    if (maxDurationMs !== undefined) {
      this.#timer = setTimeout(() => this.#over.abort(new Error('maxDurationMs is over')), maxDurationMs)
    }
    this.options = { ...options, signal: signal === undefined ? this.over : AbortSignal.any([signal, this.over]) }
  }

  get over(): AbortSignal {
    return this.#over.signal
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
