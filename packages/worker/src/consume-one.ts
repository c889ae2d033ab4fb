import type { ConsumeMessage } from 'amqplib'
import { doItem } from './handle/do-item.ts'
import type { Handler } from './handle/handler.ts'
import { Lease } from './handle/lease.ts'
import { type ResolvedOptions, resolveOneOptions } from './options/resolve-options.ts'
import type { ConsumeOneOptions } from './options/worker-options.ts'
import { refuseSeveralItems } from './process/items-of-job.ts'
import { confirm } from './take/confirm.ts'
import type { Consumer } from './take/consumer.ts'
import { abortedError, inSessions, lostBefore } from './take/session.ts'
import { take } from './take/take.ts'

/** The result of a call of {@link consumeOne} that did not throw. */
export type ConsumeOneResult<R> =
  /** The item was acked, and the broker's channel took the ack. */
  | { readonly status: 'done'; readonly result: R }
  /** The handler threw `DeadLetterError`, or the item was taken back uncounted too often: it is in `<queue>.dead`. */
  | { readonly status: 'dead-lettered'; readonly reason: string }
  /** There was nothing to do: the queue is empty, and no other worker can give anything back. */
  | { readonly status: 'empty' }

/**
 * Takes one item from a queue, runs the handler on it, acks it, and closes.
 *
 * While the broker is away and no item is held, it connects again. From the delivery on, the item is this worker's until
 * it is settled or the connection ends; a lost connection aborts the handler's signal, since the broker then gives the
 * item to another.
 *
 * Resolves only when the item was acked or the queue is empty. Everything else rejects, so that a script that ignores the
 * result still exits non-zero.
 *
 * @throws {WorkerError} `HANDLER_FAILED` and `DEAD_LETTER_FAILED`: the item is back in the queue. `LEASE_LOST` and
 * `ACK_UNCONFIRMED`: another worker has it, or may get it. `RELEASED` and `ABORTED`: the signal ended the call with or
 * without an item in hand. `QUEUE_NOT_FOUND`, `NOT_PERMITTED`, `QUEUE_UNAVAILABLE`, `INVALID_OPTIONS`, and what
 * connecting can throw.
 */
export async function consumeOne<R>(handler: Handler<R>, options: ConsumeOneOptions): Promise<ConsumeOneResult<R>> {
  refuseSeveralItems()
  return await takeOne(handler, resolveOneOptions(handler, options))
}

/** {@link consumeOne} with options that were checked. */
export async function takeOne<R>(handler: Handler<R>, resolved: ResolvedOptions): Promise<ConsumeOneResult<R>> {
  return await inSessions<ConsumeOneResult<R>>(resolved, async (link, consumer) => {
    const taken = await take(link, consumer, 1, resolved)
    const message = consumer.shift()
    if (taken === 'empty') return { type: 'ended', result: { status: 'empty' } }
    if (taken === 'lost') return { type: 'fault', fault: lostBefore(consumer, resolved) }
    if (taken === 'aborted' || message === undefined) throw abortedError(resolved)
    return { type: 'ended', result: await one(handler, consumer, message, resolved) }
  })
}

async function one<R>(
  handler: Handler<R>,
  consumer: Consumer,
  message: ConsumeMessage,
  options: ResolvedOptions,
): Promise<ConsumeOneResult<R>> {
  using lease = new Lease(consumer.lost, options.signal)
  const end = await doItem(handler, message, lease, options)
  if (end.type === 'lost') throw end.error
  if (consumer.lost.aborted) throw consumer.lost.reason
  await confirm(consumer, end.answer, consumer.settle(message, end.answer), options)
  switch (end.type) {
    case 'done':
      return { status: 'done', result: end.result }
    case 'dead-lettered':
      return { status: 'dead-lettered', reason: end.reason }
    default:
      throw end.error
  }
}
