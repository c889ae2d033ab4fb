import { describeThrown, showText } from '@internal/errors'
import type { ConsumeMessage } from 'amqplib'
import { shownBroker } from '../broker/broker.ts'
import { TAKE } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'
import { uncountedDeliveries } from '../item/delivery-count.ts'
import { type Item, named, toItem } from '../item/item.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { publishDeadLetter, REASON_BYTES } from './dead-letter.ts'
import type { Handler } from './handler.ts'
import { handlerFailed, type ItemEnd, releasedError } from './item-end.ts'
import type { Lease } from './lease.ts'
import { waitBeforeRequeue } from './requeue-delay.ts'
import { runHandler } from './run-handler.ts'

/**
 * Does everything that comes before the answer to the broker: runs the handler, publishes a dead letter, or waits before a
 * failed item goes back.
 *
 * @param endWaits ends the wait before a failed item goes back; default: the lease's signal
 */
export async function doItem<R>(
  handler: Handler<R>,
  message: ConsumeMessage,
  lease: Lease,
  options: ResolvedOptions,
  endWaits?: AbortSignal,
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
      { lease, endWaits },
      options,
    )
  }
  const work = await runHandler(handler, item, lease, options)
  switch (work.type) {
    case 'done':
      return { type: 'done', answer: 'ack', result: work.result }
    case 'dead-letter':
      return await deadLetter(
        { message, item },
        describeThrown(work.cause, { multiline: true, maxBytes: REASON_BYTES }),
        { lease, endWaits },
        options,
        work.cause,
      )
    case 'lost':
      return { type: 'lost', error: lease.lost.reason }
    case 'released':
      return { type: 'released', answer: 'release', error: releasedError(item, work.cause) }
    case 'failed':
      return await failed(item, work.cause, { lease, endWaits })
  }
}

/** The signals that end a wait with an item in hand. */
interface Waits {
  readonly lease: Lease
  readonly endWaits: AbortSignal | undefined
}

/** A failed item goes back after a wait that grows with its deliveries, so that no queue spins on one item. */
async function failed(item: Item, cause: unknown, { lease, endWaits }: Waits): Promise<ItemEnd<never>> {
  // A failure that is not the item's fault must not use up one of its deliveries.
  if (cause instanceof WorkerError && cause.code === 'PROGRAM_NOT_FOUND') {
    return { type: 'failed', answer: 'release', error: cause }
  }
  await waitBeforeRequeue(item.deliveryCount, endWaits ?? lease.signal)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  return { type: 'failed', answer: 'reject', error: handlerFailed(item, cause) }
}

async function deadLetter(
  { message, item }: { readonly message: ConsumeMessage; readonly item: Item },
  reason: string,
  { lease, endWaits }: Waits,
  options: ResolvedOptions,
  cause?: Error,
): Promise<ItemEnd<never>> {
  const { queue, broker, ackTimeoutMs, logger } = options
  const { fault, leftOut } = await publishDeadLetter(message, reason, { queue, broker, ackTimeoutMs })
  if (leftOut.length > 0) {
    const names = leftOut.map((name) => showText(name)).join(', ')
    logger.warn(
      { queue, messageId: item.id },
      `${named(item)} was too large to be published again with all its headers. Its dead letter lacks: ${names}.`,
    )
  }
  if (fault === undefined) return { type: 'dead-lettered', answer: 'ack', reason }
  await waitBeforeRequeue(item.deliveryCount, endWaits ?? lease.signal)
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

function sayTaken(item: Item, { broker }: ResolvedOptions): void {
  if (!TAKE.hasSubscribers) return
  const { queue, id, redelivered, deliveryCount, headers } = item
  TAKE.publish({ queue, address: shownBroker(broker), messageId: id, redelivered, deliveryCount, headers })
}
