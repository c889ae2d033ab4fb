import { setTimeout as sleep } from 'node:timers/promises'
import type { ConsumeMessage } from 'amqplib'
import { TAKE } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options.ts'
import { shownBroker } from '../take/broker.ts'
import type { Answer } from '../take/consumer.ts'
import { publishDeadLetter } from './dead-letter.ts'
import type { Handler } from './handler.ts'
import { type Item, named, toItem, uncountedDeliveries } from './item.ts'
import type { Lease } from './lease.ts'
import { runHandler, saidBy } from './run-handler.ts'

/** What became of an item, and how the broker is to be answered. Nothing is answered when the lease is lost. */
export type ItemEnd<R> =
  | { readonly type: 'done'; readonly answer: 'ack'; readonly result: R }
  | { readonly type: 'dead-lettered'; readonly answer: 'ack'; readonly reason: string }
  | { readonly type: 'failed'; readonly answer: 'reject' | 'release'; readonly error: WorkerError }
  | { readonly type: 'released'; readonly answer: 'release'; readonly error: WorkerError }
  | { readonly type: 'lost'; readonly error: WorkerError }

/**
 * Does all that is to be done on an item before the broker is answered: runs the handler, publishes a dead letter, or
 * waits before a failed one goes back. `hurry` ends that wait; default: the lease's signal.
 */
export async function doItem<R>(
  handler: Handler<R>,
  message: ConsumeMessage,
  lease: Lease,
  options: ResolvedOptions,
  hurry?: AbortSignal,
): Promise<ItemEnd<R>> {
  const { queue, uncountedLimit } = options
  const item = toItem(queue, message)
  sayTaken(item, options)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  if (lease.ending?.aborted === true) {
    return { type: 'released', answer: 'release', error: releasedError(item, lease.ending.reason) }
  }
  const uncounted = uncountedDeliveries(message)
  if (uncounted > uncountedLimit) {
    return await deadLetter(
      { message, item },
      `The broker took it back ${uncounted} times uncounted, as too slow or as released.`,
      { lease, hurry },
      options,
    )
  }
  const work = await runHandler(handler, item, lease, options)
  switch (work.type) {
    case 'done':
      return { type: 'done', answer: 'ack', result: work.result }
    case 'dead-letter':
      return await deadLetter({ message, item }, work.cause.message, { lease, hurry }, options, work.cause)
    case 'lost':
      return { type: 'lost', error: lease.lost.reason }
    case 'released':
      return { type: 'released', answer: 'release', error: releasedError(item, work.cause) }
    case 'failed':
      return await failed(item, work.cause, { lease, hurry })
  }
}

/** What may end a wait with an item in hand. */
interface Waits {
  readonly lease: Lease
  readonly hurry: AbortSignal | undefined
}

/** None after the first delivery, then half a second, doubled each time, to half a minute. */
export function requeueDelayMs(deliveryCount: number | undefined): number {
  if (deliveryCount === undefined) return 1_000
  return deliveryCount <= 1 ? 0 : Math.min(30_000, 500 * 2 ** (deliveryCount - 2))
}

/** A failed item goes back after a wait that grows with its deliveries, so that no queue spins on one item. */
async function failed(item: Item, cause: unknown, { lease, hurry }: Waits): Promise<ItemEnd<never>> {
  // What no item is to blame for must not cost one a delivery.
  if (cause instanceof WorkerError && cause.code === 'PROGRAM_NOT_FOUND') {
    return { type: 'failed', answer: 'release', error: cause }
  }
  await waitBeforeRequeue(item.deliveryCount, hurry ?? lease.signal)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  return { type: 'failed', answer: 'reject', error: handlerFailed(item, cause) }
}

async function waitBeforeRequeue(deliveryCount: number | undefined, hurry: AbortSignal): Promise<void> {
  const wait = requeueDelayMs(deliveryCount)
  if (wait > 0) await sleep(wait, undefined, { signal: hurry }).catch(() => {})
}

async function deadLetter(
  { message, item }: { readonly message: ConsumeMessage; readonly item: Item },
  reason: string,
  { lease, hurry }: Waits,
  options: ResolvedOptions,
  cause?: Error,
): Promise<ItemEnd<never>> {
  const { queue, broker, settleTimeoutMs } = options
  const fault = await publishDeadLetter(message, reason, { queue, broker, settleTimeoutMs })
  if (fault === undefined) return { type: 'dead-lettered', answer: 'ack', reason }
  await waitBeforeRequeue(item.deliveryCount, hurry ?? lease.signal)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  const error = new WorkerError({
    code: 'DEAD_LETTER_FAILED',
    message: `${named(item)} cannot be put into its dead-letter queue and is back in the queue. ${fault}`,
    hint: `The worker needs write permission on the default exchange, and ${queue}.dead has to be there.`,
    retryable: true,
    details: { queue, messageId: item.id, reason },
    cause,
  })
  return { type: 'failed', answer: 'reject', error }
}

/** The answer that the broker did not confirm. */
export function unconfirmedError(
  queue: string,
  how: Answer | 'answers',
  timeoutMs: number,
  cause: unknown,
): WorkerError {
  return new WorkerError({
    code: 'ACK_UNCONFIRMED',
    message: `The broker did not answer the ${how} of an item of queue ${queue} within ${timeoutMs} ms.`,
    hint: 'The item may be settled or come back; its work has to bear being done twice.',
    retryable: true,
    details: { queue, settleTimeoutMs: timeoutMs },
    cause,
  })
}

function handlerFailed(item: Item, cause: unknown): WorkerError {
  // A handler's own WorkerError, as of item.json(), has a hint worth keeping.
  const known = cause instanceof WorkerError ? cause : undefined
  return new WorkerError({
    code: 'HANDLER_FAILED',
    message: `${named(item)} failed and is back in the queue: ${saidBy(cause)}`,
    hint:
      known?.hint ??
      'It is delivered again, up to the delivery limit of the queue, and then goes to its dead-letter queue.',
    retryable: true,
    details: { queue: item.queue, messageId: item.id },
    cause,
  })
}

function releasedError(item: Item, cause: unknown): WorkerError {
  return new WorkerError({
    code: 'RELEASED',
    message: `${named(item)} was given back undone, because this worker had to end.`,
    hint: 'Nothing to do: another worker takes it.',
    retryable: true,
    details: { queue: item.queue, messageId: item.id },
    cause,
  })
}

function sayTaken(item: Item, { broker }: ResolvedOptions): void {
  if (!TAKE.hasSubscribers) return
  const { queue, id, redelivered, deliveryCount, headers } = item
  TAKE.publish({ queue, address: shownBroker(broker), messageId: id, redelivered, deliveryCount, headers })
}
