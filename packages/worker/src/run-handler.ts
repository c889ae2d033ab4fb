import type { ConsumeMessage } from 'amqplib'
import type { Consumer } from './consumer.ts'
import { late, within } from './deadline.ts'
import type { Handler } from './handler.ts'
import { toItem } from './item.ts'
import type { ResolvedOptions } from './options.ts'

/** How a handler's work on an item ended. */
export type Work<R> =
  | { readonly type: 'done'; readonly result: R }
  | { readonly type: 'failed'; readonly cause: unknown }
  /** The worker has to end, and the handler did not finish in its grace. */
  | { readonly type: 'released'; readonly cause: unknown }
  /** Somebody else has the item now, or will; whatever the handler made of it is thrown away. */
  | { readonly type: 'lost' }

/** Runs the handler for the item in hand until it ends, the lease is lost, or the worker has to end and the grace is over. */
export async function runHandler<R>(
  handler: Handler<R>,
  consumer: Consumer,
  message: ConsumeMessage,
  options: ResolvedOptions,
): Promise<Work<R>> {
  const signals = options.signal === undefined ? [consumer.lost] : [consumer.lost, options.signal]
  const signal = AbortSignal.any(signals)
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<typeof INTERRUPTED>()
  signal.addEventListener('abort', () => interrupt(INTERRUPTED), { once: true })
  if (signal.aborted) interrupt(INTERRUPTED)

  const working = attempt(handler, toItem(options.queue, message), signal)
  const first = await Promise.race([working, interrupted])
  const work = first === INTERRUPTED ? await within(working, options.graceMs) : first
  if (consumer.lost.aborted) return { type: 'lost' }
  if (work === late)
    return { type: 'released', cause: new Error(`the handler did not end within ${options.graceMs} ms`) }
  // A handler that gives up because it was asked to has not failed.
  if (work.type === 'failed' && options.signal?.aborted === true) return { type: 'released', cause: work.cause }
  return work
}

const INTERRUPTED: unique symbol = Symbol('interrupted')

async function attempt<R>(
  handler: Handler<R>,
  item: Parameters<Handler<R>>[0],
  signal: AbortSignal,
): Promise<Extract<Work<R>, { type: 'done' | 'failed' }>> {
  try {
    return { type: 'done', result: await handler(item, { signal }) }
  } catch (cause) {
    return { type: 'failed', cause }
  }
}
