import { operationFault } from '@internal/amqp'
import { late, monotonicMs, pause, within } from '@internal/async'
import { describeThrown } from '@internal/errors'
import { shownBroker } from '../broker/broker.ts'
import { type Link, openLink } from '../broker/link.ts'
import { toWorkerError, WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { Consumer } from './consumer.ts'
import { isUndecodable, undecodableError } from './undecodable.ts'

/** How the work on one connection ended: with a result, or with a fault while no item was in hand. */
export type Session<T> =
  | { readonly type: 'ended'; readonly result: T }
  | { readonly type: 'fault'; readonly fault: WorkerError }

/** A connection that lives this long has proven itself, milliseconds: the time for reconnecting begins anew. */
const PROVEN_MS = 10_000

/**
 * Does `work` on a connection, and on another one as long as faults come that may heal while no item is held.
 *
 * @throws {WorkerError} as `work` throws; the fault that lasted too long
 */
export async function inSessions<T>(
  options: ResolvedOptions,
  work: (link: Link, consumer: Consumer) => Promise<Session<T>>,
): Promise<T> {
  try {
    return await trySessions(options, work)
  } finally {
    await options.results.close()
  }
}

async function trySessions<T>(
  options: ResolvedOptions,
  work: (link: Link, consumer: Consumer) => Promise<Session<T>>,
): Promise<T> {
  const { queue, logger, notFoundRetryMs, broker } = options
  const refusals = new Since()
  const outages = new Since()
  let said: string | undefined
  let undecodable = 0
  for (;;) {
    const { session, proven, lostBy } = await oneSession(options, work, () => refusals.over())
    if (session.type === 'ended') return session.result
    const { fault } = session
    if (proven) {
      outages.over()
      said = undefined
    }
    undecodable = isUndecodable(lostBy) ? undecodable + 1 : 0
    // The first loss might have another cause: the bytes of a frame can be damaged on their way.
    if (undecodable > 1) throw undecodableError(options, lostBy)
    const lasting = fault.code === 'QUEUE_NOT_FOUND' || fault.code === 'NOT_PERMITTED'
    const left = lasting ? notFoundRetryMs - refusals.ms() : broker.reconnectForMs - outages.ms()
    if (left <= 0 || (!lasting && !fault.retryable) || broker.borrowed !== undefined) throw fault
    // The same line once a second would bury the others.
    if (fault.message !== said) {
      logger.warn({ queue, code: fault.code }, `${fault.message} Trying again for ${Math.ceil(left / 1_000)} s.`)
    }
    said = fault.message
    await pauseBetweenSessions(options)
  }
}

/** The end of a session, and of its connection. */
interface SessionEnd<T> {
  readonly session: Session<T>
  /** Whether the connection was of use: it took an answer, or lived for long. One that only opens and breaks is no recovery. */
  readonly proven: boolean
  /** The error that ended the connection. */
  readonly lostBy: unknown
}

async function oneSession<T>(
  options: ResolvedOptions,
  work: (link: Link, consumer: Consumer) => Promise<Session<T>>,
  onConsuming: () => void,
): Promise<SessionEnd<T>> {
  const { queue, broker, signal, ackTimeoutMs } = options
  const doing = { queue, address: shownBroker(broker), needs: 'read' }
  const link = await openLink(broker, options).catch((error: unknown) => {
    if (!(error instanceof WorkerError) && signal?.aborted === true) throw abortedError(options)
    throw error
  })
  const openedAt = monotonicMs()
  let consumer: Consumer | undefined
  const ended = (session: Session<T>): SessionEnd<T> => ({
    session,
    proven: consumer?.hasAnswered === true || monotonicMs() - openedAt >= PROVEN_MS,
    lostBy: link.lostBy,
  })
  try {
    const channel = await within(link.createChannel(), broker.connectTimeoutMs)
    if (channel === late) throw new Error('Unexpected close: it did not open a channel in time')
    consumer = new Consumer(channel, { ...doing, onConsuming, lostBy: () => link.lostBy })
    return ended(await work(link, consumer))
  } catch (error) {
    if (error instanceof WorkerError) throw error
    return ended({ type: 'fault', fault: toWorkerError(operationFault(link.lostBy ?? error, doing)) })
  } finally {
    consumer?.end()
    await link.close(ackTimeoutMs)
  }
}

/** The loss of a consumer that held nothing, as the fault of its session. */
export function lostBefore(consumer: Consumer, { queue, broker }: ResolvedOptions): WorkerError {
  const { reason } = consumer.lost
  return new WorkerError({
    code: 'CONNECTION_LOST',
    message: describeThrown(reason),
    hint: 'Nothing was in hand.',
    retryable: true,
    details: { queue, address: shownBroker(broker) },
    cause: reason,
  })
}

export function abortedError({ queue, signal }: ResolvedOptions): WorkerError {
  return new WorkerError({
    code: 'ABORTED',
    message: `The work on queue ${queue} was ended by its signal.`,
    hint: 'Nothing is in hand any more.',
    retryable: true,
    details: { queue },
    cause: signal?.reason,
  })
}

async function pauseBetweenSessions(options: ResolvedOptions): Promise<void> {
  await pause(500 + Math.random() * 1_000, options.signal).catch(() => {
    throw abortedError(options)
  })
}

/** Measures the time from the first call of `ms` until `over`. */
class Since {
  #from: number | undefined
  ms(): number {
    this.#from ??= monotonicMs()
    return monotonicMs() - this.#from
  }
  over(): void {
    this.#from = undefined
  }
}
