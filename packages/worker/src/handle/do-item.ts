import { late, within } from '@internal/async'
import { deadLetterQueueOf, type FailureRecord } from '@internal/contract'
import { describeThrown, showText } from '@internal/errors'
import type { ConsumeMessage } from 'amqplib'
import { HANDLE, TAKE } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'
import { uncountedDeliveries } from '../item/delivery-count.ts'
import { named, toItem } from '../item/item.ts'
import { isLastDelivery } from '../item/last-delivery.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { answerAddress } from '../results/answer-address.ts'
import type { ResultEnd, ResultRecord } from '../results/result-link.ts'
import { deadLetterRecord, doneRecord } from '../results/result-record.ts'
import { publishDeadLetter, REASON_BYTES } from './dead-letter.ts'
import { failureRecord, programReason } from './failure.ts'
import type { Handler } from './handler.ts'
import type { Held } from './held.ts'
import { handlerFailed, type ItemEnd, releasedError, resultFailed } from './item-end.ts'
import type { Lease } from './lease.ts'
import { releaseAnswer } from './release.ts'
import { waitBeforeRequeue } from './requeue-delay.ts'
import { runHandler } from './run-handler.ts'
import { deliveredOf, tracedAnswer, tracedHandler } from './traced-handle.ts'

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
  sayTaken({ message, item }, options)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  if (lease.ending?.aborted === true) {
    return await released({ message, item }, lease.ending.reason, lease, options)
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
  const work = HANDLE.hasSubscribers
    ? await tracedHandler(handler, { message, item }, lease, options)
    : await runHandler(handler, item, lease, options)
  switch (work.type) {
    case 'done':
      return await done({ message, item }, work.result, { lease, endWaits }, options)
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
      return await released({ message, item }, work.cause, lease, options)
    case 'failed':
      return await failed({ message, item }, work.cause, { lease, endWaits }, options)
  }
}

/** The signals that end a wait with an item in hand. */
interface Waits {
  readonly lease: Lease
  readonly endWaits: AbortSignal | undefined
}

/**
 * A failed item goes back after a wait that grows with its deliveries, so that no queue spins on one item. On its last delivery
 * it is set aside by this worker, which knows why: the broker would dead-letter it without a reason.
 */
async function failed(
  { message, item }: Held,
  cause: unknown,
  { lease, endWaits }: Waits,
  options: ResolvedOptions,
): Promise<ItemEnd<never>> {
  // A failure that is not the item's fault must not use up one of its deliveries.
  if (cause instanceof WorkerError && cause.code === 'PROGRAM_NOT_FOUND') {
    return { type: 'failed', answer: await releaseAnswer(message, options), error: cause }
  }
  if (isLastDelivery(message)) {
    const failure = failureRecord(item, cause)
    const thrown = describeThrown(cause, { multiline: true, maxBytes: REASON_BYTES })
    const reason = showText(programReason(thrown, failure.standardError), { multiline: true, maxBytes: REASON_BYTES })
    const fault = await setAside({ message, item }, reason, failure, options)
    if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
    if (fault === undefined) return { type: 'dead-lettered', answer: 'ack', reason }
  } else {
    await waitBeforeRequeue(item.deliveryCount, endWaits ?? lease.signal)
  }
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  const isResult = cause instanceof WorkerError && cause.code === 'RESULT_FAILED'
  return { type: 'failed', answer: 'reject', error: isResult ? cause : handlerFailed(item, cause) }
}

async function released(
  { message, item }: Held,
  cause: unknown,
  lease: Lease,
  options: ResolvedOptions,
): Promise<ItemEnd<never>> {
  const answer = await releaseAnswer(message, options)
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  return { type: 'released', answer, error: releasedError(item, cause) }
}

async function deadLetter(
  { message, item }: Held,
  reason: string,
  { lease, endWaits }: Waits,
  options: ResolvedOptions,
  cause?: Error,
): Promise<ItemEnd<never>> {
  const { queue } = options
  const failure = cause === undefined ? undefined : failureRecord(item, cause)
  const fault = await setAside({ message, item }, reason, failure, options)
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

/** An item that is done is acked when the broker has its result, where one is wanted. */
async function done<R>(
  { message, item }: Held,
  result: R,
  { lease, endWaits }: Waits,
  options: ResolvedOptions,
): Promise<ItemEnd<R>> {
  const address = answerAddress(options.queue, message)
  if (address === undefined) return { type: 'done', answer: 'ack', result }
  const record = await doneRecord(address, result, options.maxResultBytes)
  if ('reason' in record) {
    return await deadLetter({ message, item }, record.reason, { lease, endWaits }, options, new Error(record.reason))
  }
  const publishing = publishResult({ message, item }, record, options)
  // The item is held while the broker takes no results, unless the worker has to end.
  const end = (await lease.untilInterrupted(publishing)) ?? (await within(publishing, options.ackTimeoutMs))
  if (lease.lost.aborted) return { type: 'lost', error: lease.lost.reason }
  if (end === late) return await released({ message, item }, lease.ending?.reason, lease, options)
  if (end.type === 'failed') {
    return await failed({ message, item }, resultFailed(item, end.reason), { lease, endWaits }, options)
  }
  if (end.type === 'unclaimed') {
    const { queue, id: messageId } = item
    const { batch, index } = address
    options.tell('resultUnclaimed', { queue, messageId, batch, index })
    options.logger.info(
      { queue, messageId },
      `${named(item)} is done, and its batch was deleted: nobody wants its result.`,
    )
  }
  return { type: 'done', answer: 'ack', result }
}

/** Publishes the dead letter of an item. Resolves to undefined, or to the reason why the broker does not have it. */
async function setAside(
  { message, item }: Held,
  reason: string,
  failure: FailureRecord | undefined,
  options: ResolvedOptions,
): Promise<string | undefined> {
  const { queue, logger } = options
  const { fault, leftOut } = await tracedAnswer(
    { message, item },
    { what: 'dead-letter', to: deadLetterQueueOf(queue) },
    options,
    () => publishDeadLetter(message, reason, failure, options),
    (end) => (end.fault === undefined ? 'confirmed' : 'failed'),
  )
  if (leftOut.length > 0) {
    const names = leftOut.map((name) => showText(name)).join(', ')
    logger.warn(
      { queue, messageId: item.id },
      `${named(item)} was too large to be published again with all its headers. Its dead letter lacks: ${names}.`,
    )
  }
  const address = answerAddress(queue, message)
  // Without this record, as when the worker dies here, the collector finds the item among the dead letters.
  if (fault === undefined && address !== undefined)
    await publishResult({ message, item }, deadLetterRecord(address, reason, failure), options)
  return fault
}

function publishResult(held: Held, record: ResultRecord, options: ResolvedOptions): Promise<ResultEnd> {
  const publish = (headers: Readonly<Record<string, unknown>>): Promise<ResultEnd> => {
    const { properties } = record
    return options.results.publish({
      ...record,
      properties: { ...properties, headers: { ...headers, ...properties.headers } },
    })
  }
  return tracedAnswer(held, { what: 'result', to: record.log }, options, publish, ({ type }) => type)
}

function sayTaken(held: Held, options: ResolvedOptions): void {
  if (!TAKE.hasSubscribers) return
  const { redelivered, deliveryCount, headers, body } = held.item
  TAKE.publish({ ...deliveredOf(held, options), redelivered, deliveryCount, bytes: body.length, headers })
}
