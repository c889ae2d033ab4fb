import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectFailed, connect, operationFault } from '@internal/amqp'
import type { ChannelModel, ConsumeMessage } from 'amqplib'
import { Consumer } from './consumer.ts'
import { late, within } from './deadline.ts'
import { toWorkerError, WorkerError } from './errors.ts'
import type { Handler } from './handler.ts'
import { toItem } from './item.ts'
import { type ConsumeOneOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { runHandler, type Work } from './run-handler.ts'
import { take } from './take.ts'

/** What became of a call of {@link consumeOne} that did not throw. */
export type Outcome<R> =
  /** The item was acked, and the broker's channel took the ack. */
  | { readonly status: 'done'; readonly result: R }
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
 * @throws {WorkerError} `HANDLER_FAILED`: the item is back in the queue. `LEASE_LOST` and `ACK_UNCONFIRMED`: another worker
 * has it, or may get it. `RELEASED` and `ABORTED`: the signal ended the call with or without an item in hand.
 * `QUEUE_NOT_FOUND`, `NOT_PERMITTED`, `QUEUE_UNAVAILABLE`, `INVALID_OPTIONS`, and what connecting can throw.
 */
export async function consumeOne<R>(handler: Handler<R>, options: ConsumeOneOptions): Promise<Outcome<R>> {
  const resolved = resolveOptions(options)
  const { queue, logger, configGraceMs, reconnectForMs } = resolved
  const refusals = new Since()
  const outages = new Since()
  for (;;) {
    const session = await oneSession(handler, resolved)
    if (session.type === 'ended') return session.outcome
    const { fault } = session
    const lasting = fault.code === 'QUEUE_NOT_FOUND' || fault.code === 'NOT_PERMITTED'
    const tooLong = lasting ? refusals.ms() >= configGraceMs : outages.ms() >= reconnectForMs
    if (tooLong || (!lasting && !fault.retryable)) throw fault
    logger.warn({ queue, code: fault.code }, `${fault.message}; trying again`)
    await pause(resolved)
  }
}

/** What one connection came to: an outcome, or a fault that came before any item was in hand. */
type Session<R> =
  | { readonly type: 'ended'; readonly outcome: Outcome<R> }
  | { readonly type: 'fault'; readonly fault: WorkerError }

async function oneSession<R>(handler: Handler<R>, options: ResolvedOptions): Promise<Session<R>> {
  const model = await openConnection(options)
  try {
    const consumer = await Consumer.open(model, options.queue, options.address.shown)
    const taken = await take(model, consumer, options)
    const message = consumer.delivery
    switch (taken) {
      case 'empty':
        return { type: 'ended', outcome: { status: 'empty' } }
      case 'lost':
        return { type: 'fault', fault: lostBefore(consumer) }
      case 'aborted':
        throw abortedError(options)
      case 'taken':
        if (message === undefined) throw new Error('an item was taken and is not there')
        return { type: 'ended', outcome: await doItem(handler, consumer, message, options) }
    }
  } catch (error) {
    if (error instanceof WorkerError) throw error
    return {
      type: 'fault',
      fault: toWorkerError(operationFault(error, { queue: options.queue, address: options.address.shown })),
    }
  } finally {
    await within(model.close(), options.settleTimeoutMs).catch(() => {})
  }
}

async function doItem<R>(
  handler: Handler<R>,
  consumer: Consumer,
  message: ConsumeMessage,
  options: ResolvedOptions,
): Promise<Outcome<R>> {
  const work = await runHandler(handler, consumer, message, options)
  switch (work.type) {
    case 'lost':
      throw consumer.lost.reason
    case 'done':
      await settle(consumer, 'ack', options)
      return { status: 'done', result: work.result }
    case 'failed':
      await failed(consumer, message, options)
      throw handlerFailed(work, options)
    case 'released':
      await settle(consumer, 'release', options)
      throw new WorkerError({
        code: 'RELEASED',
        message: `an item of queue ${options.queue} was given back undone, because this worker had to end`,
        hint: 'Nothing to do: another worker takes it.',
        retryable: true,
        details: { queue: options.queue },
        cause: work.cause,
      })
  }
}

/** Gives the item back as a failure, after a wait that grows with its deliveries, so that no queue spins on one item. */
async function failed(consumer: Consumer, message: ConsumeMessage, options: ResolvedOptions): Promise<void> {
  const wait = requeueDelayMs(toItem(options.queue, message).deliveryCount)
  const signals = options.signal === undefined ? [consumer.lost] : [consumer.lost, options.signal]
  if (wait > 0) await sleep(wait, undefined, { signal: AbortSignal.any(signals) }).catch(() => {})
  await settle(consumer, 'reject', options)
}

/** None after the first delivery, then half a second, doubled each time, to half a minute. */
export function requeueDelayMs(deliveryCount: number | undefined): number {
  if (deliveryCount === undefined) return 1_000
  return deliveryCount <= 1 ? 0 : Math.min(30_000, 500 * 2 ** (deliveryCount - 2))
}

async function settle(consumer: Consumer, how: 'ack' | 'reject' | 'release', options: ResolvedOptions): Promise<void> {
  if (consumer.lost.aborted) throw consumer.lost.reason
  let cause: unknown
  const settled = await within(consumer.settle(how), options.settleTimeoutMs).catch((error) => {
    cause = error
  })
  if (consumer.lost.aborted) throw consumer.lost.reason
  if (settled !== late && cause === undefined) return
  throw new WorkerError({
    code: 'ACK_UNCONFIRMED',
    message: `the broker did not answer the ${how} of an item of queue ${options.queue} within ${options.settleTimeoutMs} ms`,
    hint: 'The item may be settled or come back; its work has to bear being done twice.',
    retryable: true,
    details: { queue: options.queue, settleTimeoutMs: options.settleTimeoutMs },
    cause,
  })
}

function handlerFailed(work: Extract<Work<unknown>, { type: 'failed' }>, { queue }: ResolvedOptions): WorkerError {
  // A handler's own WorkerError, as of item.json(), has a hint worth keeping.
  const known = work.cause instanceof WorkerError ? work.cause : undefined
  const said = work.cause instanceof Error ? work.cause.message : String(work.cause)
  return new WorkerError({
    code: 'HANDLER_FAILED',
    message: `an item of queue ${queue} failed and is back in the queue: ${said}`,
    hint:
      known?.hint ??
      'It is delivered again, up to the delivery limit of the queue, and then goes to its dead-letter queue.',
    retryable: true,
    details: { queue },
    cause: work.cause,
  })
}

function lostBefore(consumer: Consumer): WorkerError {
  const { reason } = consumer.lost
  return reason instanceof WorkerError
    ? reason
    : toWorkerError({ code: 'CONNECTION_LOST', message: String(reason), retryable: true })
}

async function openConnection(options: ResolvedOptions): Promise<ChannelModel> {
  const { address, logger, signal } = options
  try {
    return await connect(address, {
      tls: options.tls,
      connectTimeoutMs: options.connectTimeoutMs,
      reconnectForMs: options.reconnectForMs,
      signal,
      connectionName: `podqueue worker on ${hostname()}`,
      onRetry: (fault) => logger.warn({ code: fault.code, address: address.shown }, `${fault.message}; trying again`),
    })
  } catch (error) {
    if (error instanceof ConnectFailed) throw toWorkerError(error.fault)
    if (signal?.aborted === true) throw abortedError(options)
    throw error
  }
}

function abortedError({ queue, signal }: ResolvedOptions): WorkerError {
  return new WorkerError({
    code: 'ABORTED',
    message: `the wait for an item of queue ${queue} was ended by its signal`,
    hint: 'Nothing was taken.',
    retryable: true,
    details: { queue },
    cause: signal?.reason,
  })
}

async function pause({ signal, ...options }: ResolvedOptions): Promise<void> {
  try {
    await sleep(500 + Math.random() * 1_000, undefined, signal === undefined ? {} : { signal })
  } catch {
    throw abortedError({ ...options, signal })
  }
}

/** How long something has been going on, from the first time it is asked. */
class Since {
  #from: number | undefined
  ms(): number {
    this.#from ??= performance.now()
    return performance.now() - this.#from
  }
}
