import { late, within } from '@internal/async'
import { describeThrown } from '@internal/errors'
import { type Item, named } from '../item/item.ts'
import type { Logger } from '../logger.ts'
import { DeadLetterError } from './dead-letter-error.ts'
import type { Handler } from './handler.ts'
import type { Lease } from './lease.ts'

/** How a handler's work on an item ended. */
export type Work<R> =
  | { readonly type: 'done'; readonly result: R }
  | { readonly type: 'failed'; readonly cause: unknown }
  /** No further attempt can do it. */
  | { readonly type: 'dead-letter'; readonly cause: Error }
  /** The worker has to end, and the handler did not finish in its grace. */
  | { readonly type: 'released'; readonly cause: unknown }
  /** Another worker has the item now, or will get it. The result of this handler is thrown away. */
  | { readonly type: 'lost' }

/** The options of the attempts on one item. */
export interface Patience {
  readonly logger: Logger
  readonly retries: number
  readonly retryDelayMs: number
  readonly graceMs: number
}

/** Runs the handler on an item until it ends, the lease is lost, or the worker has to end and the grace is over. */
export async function runHandler<R>(
  handler: Handler<R>,
  item: Item,
  lease: Lease,
  patience: Patience,
): Promise<Work<R>> {
  const working = (patience.retries === 0 ? attempt : attempts)(handler, item, lease, patience)
  const attempted = (await lease.untilInterrupted(working)) ?? (await within(working, patience.graceMs))
  return judged(attempted, lease, patience)
}

function judged<R>(work: Attempted<R> | typeof late, lease: Lease, { graceMs }: Patience): Work<R> {
  if (lease.lost.aborted) return { type: 'lost' }
  if (work === late) {
    return { type: 'released', cause: new Error(`The handler did not end within ${graceMs} ms.`) }
  }
  // A handler that stops because its signal aborted has not failed.
  if (work.type === 'failed' && lease.ending?.aborted === true) return { type: 'released', cause: work.cause }
  return work
}

type Attempted<R> = Extract<Work<R>, { type: 'done' | 'failed' | 'dead-letter' }>

async function attempts<R>(
  handler: Handler<R>,
  item: Item,
  lease: Lease,
  { retries, retryDelayMs, logger }: Patience,
): Promise<Attempted<R>> {
  // Most runs never need it.
  const { default: pRetry } = await import('p-retry')
  let last: Attempted<R> | undefined
  // p-retry hears only whether to go on. By itself it does not retry a TypeError, and it drops a result that comes after the
  // signal.
  const goOn = async (): Promise<void> => {
    last = await attempt(handler, item, lease)
    if (last.type === 'failed') throw new Error('The attempt failed.')
  }
  await pRetry(goOn, {
    retries,
    minTimeout: retryDelayMs,
    maxTimeout: Math.max(retryDelayMs, 30_000),
    randomize: true,
    signal: lease.signal,
    onFailedAttempt: ({ attemptNumber, retriesLeft }) => {
      if (last?.type !== 'failed' || retriesLeft === 0) return
      const fields = { queue: item.queue, messageId: item.id, err: last.cause }
      logger.warn(
        fields,
        `${named(item)} failed in attempt ${attemptNumber} of ${retries + 1}: ${describeThrown(last.cause)}`,
      )
    },
  }).catch(() => {})
  return last ?? { type: 'failed', cause: lease.signal.reason }
}

async function attempt<R>(handler: Handler<R>, item: Item, lease: Lease): Promise<Attempted<R>> {
  try {
    return { type: 'done', result: await handler(item, lease.context) }
  } catch (cause) {
    return cause instanceof DeadLetterError ? { type: 'dead-letter', cause } : { type: 'failed', cause }
  }
}
