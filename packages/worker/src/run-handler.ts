import { DeadLetterError } from './dead-letter-error.ts'
import { late, within } from './deadline.ts'
import { HANDLE, type HandleDiagnostic } from './diagnostics.ts'
import type { Handler } from './handler.ts'
import type { Item } from './item.ts'
import type { Lease } from './lease.ts'

/** How a handler's work on an item ended. */
export type Work<R> =
  | { readonly type: 'done'; readonly result: R }
  | { readonly type: 'failed'; readonly cause: unknown }
  /** No further attempt can do it. */
  | { readonly type: 'dead-letter'; readonly cause: Error }
  /** The worker has to end, and the handler did not finish in its grace. */
  | { readonly type: 'released'; readonly cause: unknown }
  /** Somebody else has the item now, or will; whatever the handler made of it is thrown away. */
  | { readonly type: 'lost' }

/** How often, and how patiently. */
export interface Patience {
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
  say(item, 'started')
  const work = await interruptible(handler, item, lease, patience)
  say(item, work.type)
  return work
}

async function interruptible<R>(handler: Handler<R>, item: Item, lease: Lease, patience: Patience): Promise<Work<R>> {
  const working = attempts(handler, item, lease, patience)
  const first = await lease.untilInterrupted(working)
  const work = first === undefined ? await within(working, patience.graceMs) : first
  if (lease.lost.aborted) return { type: 'lost' }
  if (work === late) {
    return { type: 'released', cause: new Error(`The handler did not end within ${patience.graceMs} ms.`) }
  }
  // A handler that gives up because it was asked to has not failed.
  if (work.type === 'failed' && lease.ending?.aborted === true) return { type: 'released', cause: work.cause }
  return work
}

type Attempted<R> = Extract<Work<R>, { type: 'done' | 'failed' | 'dead-letter' }>

async function attempts<R>(
  handler: Handler<R>,
  item: Item,
  { signal }: Lease,
  { retries, retryDelayMs }: Patience,
): Promise<Attempted<R>> {
  if (retries === 0) return await attempt(handler, item, signal)
  // Not loaded by those that have no use for it.
  const { default: pRetry } = await import('p-retry')
  let last: Attempted<R> | undefined
  // It hears only whether to go on: by itself it tries no TypeError again, and throws away a result that comes after the signal.
  const goOn = async (): Promise<void> => {
    last = await attempt(handler, item, signal)
    if (last.type === 'failed') throw new Error('The attempt failed.')
  }
  await pRetry(goOn, {
    retries,
    minTimeout: retryDelayMs,
    maxTimeout: Math.max(retryDelayMs, 30_000),
    randomize: true,
    signal,
  }).catch(() => {})
  return last ?? { type: 'failed', cause: signal.reason }
}

async function attempt<R>(handler: Handler<R>, item: Item, signal: AbortSignal): Promise<Attempted<R>> {
  try {
    return { type: 'done', result: await handler(item, { signal }) }
  } catch (cause) {
    return cause instanceof DeadLetterError ? { type: 'dead-letter', cause } : { type: 'failed', cause }
  }
}

function say({ queue, id }: Item, phase: HandleDiagnostic['phase']): void {
  if (HANDLE.hasSubscribers) HANDLE.publish({ queue, messageId: id, phase })
}
