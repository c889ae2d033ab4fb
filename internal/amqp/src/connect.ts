import { monotonicMs } from '@internal/async'
import type { BrokerAddress } from '@internal/contract'
import { connectFault, isVhostRefusal, type PeerFacts } from './connect-fault.ts'
import type { AmqpFault } from './fault.ts'
import { refusalWords } from './refusal-probe.ts'
import type { TlsOptions } from './tls-options.ts'
import { speaksTls } from './tls-probe.ts'

export interface ConnectOptions {
  readonly tls?: TlsOptions | undefined
  /** How long one attempt may take, milliseconds. */
  readonly connectTimeoutMs: number
  /** How long to go on trying while the fault may heal, milliseconds. 0: one attempt. */
  readonly reconnectForMs: number
  /** How long a host's name may not resolve before that is believed, milliseconds, within `reconnectForMs`. Default: 20000. */
  readonly notFoundRetryMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Shown by the broker's management page. */
  readonly connectionName: string
  /** Hears of each attempt that failed and will be repeated. */
  readonly onRetry?: ((fault: AmqpFault) => void) | undefined
}

/** The fault of a connection that could not be opened, as an exception: p-retry and callers take it apart again. */
export class ConnectFailed extends Error {
  readonly fault: AmqpFault
  constructor(fault: AmqpFault) {
    super(fault.message, { cause: fault.cause })
    this.fault = fault
  }
}

/** Opens a connection, once. */
export type Open<T> = (address: BrokerAddress, options: OpenOptions) => Promise<T>

export interface OpenOptions {
  readonly tls: TlsOptions | undefined
  readonly connectionName: string
  /** Seconds: what the address names, else ours. */
  readonly heartbeat: number
  /** Destroys the socket, during the attempt and after it. Only the deadline, the caller's signal and `destroy` abort it. */
  readonly signal: AbortSignal
  /** Destroys the socket, during the attempt and after it. */
  destroy(): void
}

/**
 * amqplib notices a dead peer within three intervals; RabbitMQ advises against less than five seconds
 * (https://www.rabbitmq.com/docs/heartbeats).
 */
const HEARTBEAT_SECONDS = 8

/**
 * Opens a connection by `open`, trying again with growing, jittered pauses while the fault may heal.
 *
 * @throws {ConnectFailed} at once when it cannot heal; else after `reconnectForMs`.
 * @throws the signal's reason, when it aborts.
 */
export async function connectBy<T>(open: Open<T>, address: BrokerAddress, options: ConnectOptions): Promise<T> {
  const { signal, reconnectForMs } = options
  signal?.throwIfAborted()
  const startedAt = monotonicMs()
  try {
    return await attempt(open, address, options)
  } catch (error) {
    if (!mayHeal(error) || reconnectForMs <= 0) throw error
    return await again(error, startedAt, () => attempt(open, address, options), options)
  }
}

/** A name heals within seconds, as when a Service was just made, or not at all. */
const NOT_FOUND_RETRY_MS = 20_000

/** Goes on after a first attempt that failed, with growing, jittered pauses. */
async function again<T>(
  first: ConnectFailed,
  startedAt: number,
  attempt: () => Promise<T>,
  { signal, reconnectForMs, notFoundRetryMs = NOT_FOUND_RETRY_MS, onRetry }: ConnectOptions,
): Promise<T> {
  // Loaded only for a second attempt.
  const { default: pRetry } = await import('p-retry')
  const left = (error: ConnectFailed): number => {
    const isNotFound = error.fault.code === 'HOST_NOT_FOUND'
    const forMs = isNotFound ? Math.min(notFoundRetryMs, reconnectForMs) : reconnectForMs
    return forMs - (monotonicMs() - startedAt)
  }
  let attempts = 0
  try {
    return await pRetry(
      () => {
        attempts += 1
        // The attempt that failed is the first of the series, so that the pause after it is like the others.
        return attempts === 1 ? Promise.reject(first) : attempt()
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 200,
        maxTimeout: 5_000,
        randomize: true,
        // No pause is longer than the time that is left; the last attempt comes at its end.
        maxRetryTime: Math.max(0, left(first)),
        ...(signal === undefined ? {} : { signal }),
        shouldRetry: ({ error }) => mayHeal(error) && left(error) > 0,
        onFailedAttempt: ({ error }) => {
          if (mayHeal(error) && left(error) > 0) onRetry?.(error.fault)
        },
      },
    )
  } catch (error) {
    if (!(error instanceof ConnectFailed) || attempts < 2) throw error
    const tried = `Tried ${attempts} times in ${Math.round((monotonicMs() - startedAt) / 1_000)} s.`
    throw new ConnectFailed({ ...error.fault, message: `${error.fault.message} ${tried}` } as AmqpFault)
  }
}

function mayHeal(error: unknown): error is ConnectFailed {
  return error instanceof ConnectFailed && (error.fault.retryable === true || error.fault.code === 'HOST_NOT_FOUND')
}

/** Looks at the peer once more when the error does not tell what is wrong. */
async function askPeer(error: unknown, address: BrokerAddress, options: ConnectOptions): Promise<PeerFacts> {
  const timeoutMs = Math.min(2_000, options.connectTimeoutMs)
  if (isVhostRefusal(error)) return { refusal: await refusalWords(address, options.tls, timeoutMs) }
  const isClosed = !address.tls && error instanceof Error && /closed abruptly|ECONNRESET/i.test(error.message)
  return isClosed ? { speaksTls: await speaksTls(address, timeoutMs) } : {}
}

async function attempt<T>(open: Open<T>, address: BrokerAddress, options: ConnectOptions): Promise<T> {
  // It must not outlive the attempt, so it is never the caller's.
  const attempting = new AbortController()
  const abort = (): void => attempting.abort()
  const deadline = setTimeout(abort, options.connectTimeoutMs)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    return await open(address, {
      tls: address.tls ? options.tls : undefined,
      connectionName: options.connectionName,
      heartbeat: address.heartbeat ?? HEARTBEAT_SECONDS,
      signal: attempting.signal,
      destroy: abort,
    })
  } catch (error) {
    options.signal?.throwIfAborted()
    const facts = await askPeer(error, address, options)
    options.signal?.throwIfAborted()
    throw new ConnectFailed(connectFault(error, address, facts))
  } finally {
    clearTimeout(deadline)
    options.signal?.removeEventListener('abort', abort)
  }
}
