import { WorkerError } from './errors.ts'
import type { Handler } from './handle/handler.ts'
import { Lease } from './handle/lease.ts'
import { Crew } from './many/crew.ts'
import { Tally } from './many/tally.ts'
import { type ConsumeManyOptions, type ResolvedManyOptions, resolveManyOptions } from './options.ts'
import { abortedError, inSessions, lostBefore, type Session } from './take/session.ts'
import { take } from './take/take.ts'

/** What became of a call of {@link consumeMany} that did not throw. */
export interface ManyOutcome {
  /** Why it ended: the queue is empty, or one of its own limits was reached. */
  readonly status: 'empty' | 'max-items' | 'max-duration'
  /** Items that were acked. */
  readonly done: number
  /** Items that are in the dead-letter queue, put there by this call. */
  readonly deadLettered: number
  /** Attempts that failed; their items went back to the queue, and may be among the done by now. */
  readonly failed: number
}

/**
 * Takes items from a queue and runs the handler on each, up to `concurrency` at a time, until the queue is empty or a limit
 * is reached. Each item has the guarantees of `consumeOne`; one that fails does not stop the others.
 *
 * No item is taken that is not wanted: near `maxItems` the consumer is cancelled in the write of an ack, since what is
 * delivered too much would come back with a delivery more.
 *
 * @throws {WorkerError} `TOO_MANY_FAILURES`: so many attempts in a row failed. `LEASE_LOST` and `ACK_UNCONFIRMED`: the
 * items in hand go to others. `RELEASED` and `ABORTED`: the signal ended the call, with or without items given back. Their
 * `details` count what was done. Else as `consumeOne`.
 */
export async function consumeMany(handler: Handler, options: ConsumeManyOptions): Promise<ManyOutcome> {
  const resolved = resolveManyOptions(handler, options)
  const tally = new Tally(resolved.maxItems)
  using clock = new Clock(resolved)
  const prefetch = (): number => Math.min(resolved.concurrency, tally.left)
  return await inSessions<ManyOutcome>(
    clock.options,
    prefetch,
    async (link, consumer): Promise<Session<ManyOutcome>> => {
      using lease = new Lease(consumer.lost, resolved.signal)
      const crew = new Crew(handler, consumer, lease, tally, resolved)
      for (;;) {
        const taken = await take(link, consumer, prefetch(), clock.options)
        if (taken === 'empty') return { type: 'ended', result: tally.outcome('empty') }
        if (taken === 'lost') return { type: 'fault', fault: lostBefore(consumer, resolved) }
        const stop = await crew.work(clock.over)
        if (stop !== undefined) throw withTally(stop, tally)
        if (resolved.signal?.aborted === true) throw abortedError(resolved)
        if (tally.left === 0) return { type: 'ended', result: tally.outcome('max-items') }
        if (clock.over.aborted) return { type: 'ended', result: tally.outcome('max-duration') }
      }
    },
  ).catch((error: unknown) => {
    // The wait for an item or for the broker was cut short, with nothing in hand.
    if (!(error instanceof WorkerError) || error.code !== 'ABORTED') throw error
    if (resolved.signal?.aborted !== true) return tally.outcome('max-duration')
    throw withTally(error, tally)
  })
}

function withTally(error: unknown, { counts }: Tally): unknown {
  if (!(error instanceof WorkerError)) return error
  return new WorkerError({
    code: error.code,
    message: error.message,
    hint: error.hint,
    retryable: error.retryable,
    details: { ...error.details, ...counts },
    cause: error.cause,
  })
}

/** The time after which no more items are taken, and with it the options for whatever waits for one. */
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
