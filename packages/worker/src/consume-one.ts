import type { ConsumeMessage } from 'amqplib'
import { WorkerError } from './errors.ts'
import { late, within } from './handle/deadline.ts'
import { doItem, unconfirmedError } from './handle/do-item.ts'
import type { Handler } from './handle/handler.ts'
import { Lease } from './handle/lease.ts'
import { type ConsumeOneOptions, type ResolvedOptions, resolveOneOptions } from './options.ts'
import type { Link } from './take/broker.ts'
import type { Answer, Consumer } from './take/consumer.ts'
import { abortedError, inSessions, lostBefore } from './take/session.ts'
import { take } from './take/take.ts'

/** What became of a call of {@link consumeOne} that did not throw. */
export type Outcome<R> =
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
export async function consumeOne<R>(handler: Handler<R>, options: ConsumeOneOptions): Promise<Outcome<R>> {
  refuseMany(process.env.PODQUEUE_ITEMS)
  const resolved = resolveOneOptions(handler, options)
  return await inSessions<Outcome<R>>(
    resolved,
    () => 1,
    async (link, consumer) => {
      const taken = await take(link, consumer, 1, resolved)
      const message = consumer.shift()
      if (taken === 'empty') return { type: 'ended', result: { status: 'empty' } }
      if (taken === 'lost') return { type: 'fault', fault: lostBefore(consumer, resolved) }
      if (taken === 'aborted' || message === undefined) throw abortedError(resolved)
      return { type: 'ended', result: await one(handler, link, consumer, message, resolved) }
    },
  )
}

async function one<R>(
  handler: Handler<R>,
  link: Link,
  consumer: Consumer,
  message: ConsumeMessage,
  options: ResolvedOptions,
): Promise<Outcome<R>> {
  using lease = new Lease(consumer.lost, options.signal)
  const end = await doItem(handler, message, lease, options)
  if (end.type === 'lost') throw end.error
  await settle(link, consumer, message, end.answer, options)
  switch (end.type) {
    case 'done':
      return { status: 'done', result: end.result }
    case 'dead-lettered':
      return { status: 'dead-lettered', reason: end.reason }
    default:
      throw end.error
  }
}

async function settle(
  link: Link,
  consumer: Consumer,
  message: ConsumeMessage,
  how: Answer,
  { queue, settleTimeoutMs }: ResolvedOptions,
): Promise<void> {
  if (consumer.lost.aborted) throw consumer.lost.reason
  let cause: unknown
  const settling = consumer.settle(message, how)
  link.closeBehind()
  const settled = await within(settling, settleTimeoutMs).catch((error) => {
    cause = error
  })
  if (consumer.lost.aborted) throw consumer.lost.reason
  if (settled === late || cause !== undefined) throw unconfirmedError(queue, how, settleTimeoutMs, cause)
}

/** The Job counts on more items from each of its pods than this call does: it would end with items left. */
function refuseMany(items: string | undefined): void {
  if (items === undefined || items === '' || items === '1') return
  throw new WorkerError({
    code: 'INVALID_OPTIONS',
    message: `consumeOne takes one item, and PODQUEUE_ITEMS asks for '${items}'.`,
    hint: 'Leave itemsPerPod of the Job at 1, or call consumeMany or runWorker.',
    details: { problems: [{ path: 'PODQUEUE_ITEMS', message: 'must be 1 for consumeOne' }] },
  })
}
