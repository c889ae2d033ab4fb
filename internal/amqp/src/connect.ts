import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'
import type { ChannelModel, SocketOptions } from 'amqplib'
import { connect as amqpConnect } from 'amqplib'
import pRetry from 'p-retry'
import type { Address } from './address.ts'
import { type AmqpFault, connectFault } from './fault.ts'
import { speaksTls } from './tls-probe.ts'

/** TLS settings for an `amqps:` address; they pass through to Node (https://nodejs.org/api/tls.html#tlsconnectoptions-callback). */
export type TlsOptions = Pick<
  TlsConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'servername'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'minVersion'
>

export interface ConnectOptions {
  readonly tls?: TlsOptions | undefined
  /** How long one attempt may take, milliseconds. */
  readonly connectTimeoutMs: number
  /** How long to go on trying while the fault may heal, milliseconds. 0: one attempt. */
  readonly reconnectForMs: number
  readonly signal?: AbortSignal | undefined
  /** Shown by the broker's management page. */
  readonly connectionName: string
  /** Hears of each attempt that failed and will be repeated. */
  readonly onRetry?: ((fault: AmqpFault) => void) | undefined
}

/**
 * amqplib notices a dead peer within three intervals; RabbitMQ advises against less than five seconds
 * (https://www.rabbitmq.com/docs/heartbeats).
 */
const HEARTBEAT_SECONDS = 8

/** The fault of a connection that could not be opened, as an exception: p-retry and callers take it apart again. */
export class ConnectFailed extends Error {
  readonly fault: AmqpFault
  constructor(fault: AmqpFault) {
    super(fault.message, { cause: fault.cause })
    this.fault = fault
  }
}

/**
 * Opens a connection, trying again with growing, jittered pauses while the fault may heal.
 *
 * @throws {ConnectFailed} at once when it cannot heal; else after `reconnectForMs`.
 * @throws the signal's reason, when it aborts.
 */
export async function connect(address: Address, options: ConnectOptions): Promise<ChannelModel> {
  const { signal, reconnectForMs, onRetry } = options
  signal?.throwIfAborted()
  const startedAt = performance.now()
  const left = (): number => reconnectForMs - (performance.now() - startedAt)
  let attempts = 0
  try {
    return await pRetry(
      () => {
        attempts += 1
        return attempt(address, options)
      },
      {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 200,
        maxTimeout: 5_000,
        randomize: true,
        ...(signal === undefined ? {} : { signal }),
        shouldRetry: ({ error }) => error instanceof ConnectFailed && error.fault.retryable === true && left() > 0,
        onFailedAttempt: ({ error }) => {
          if (error instanceof ConnectFailed && error.fault.retryable === true && left() > 0) onRetry?.(error.fault)
        },
      },
    )
  } catch (error) {
    if (!(error instanceof ConnectFailed) || attempts < 2) throw error
    const tried = `These were ${attempts} attempts in ${Math.round((performance.now() - startedAt) / 1_000)} s.`
    throw new ConnectFailed({ ...error.fault, message: `${error.fault.message} ${tried}` })
  }
}

async function attempt(address: Address, options: ConnectOptions): Promise<ChannelModel> {
  // The socket's own signal: aborting it destroys the socket, also in the middle of the handshake, where amqplib
  // gives no way to stop. It must not outlive the attempt, so it is never the caller's.
  const attempting = new AbortController()
  const abort = (): void => attempting.abort()
  const deadline = setTimeout(abort, options.connectTimeoutMs)
  options.signal?.addEventListener('abort', abort, { once: true })
  const socket: SocketOptions & { readonly signal: AbortSignal } = {
    ...(address.tls ? options.tls : {}),
    // One take is a handful of small writes; with Nagle's algorithm each waits for the peer's delayed ack.
    noDelay: true,
    clientProperties: { connection_name: options.connectionName },
    signal: attempting.signal,
  }
  try {
    const connection = await amqpConnect(
      {
        protocol: address.tls ? 'amqps' : 'amqp',
        hostname: address.hostname,
        port: address.port,
        ...(address.username === undefined ? {} : { username: address.username, password: address.password ?? '' }),
        vhost: encodeURIComponent(address.vhost),
        heartbeat: address.heartbeat ?? HEARTBEAT_SECONDS,
      },
      socket,
    )
    // Without a listener the loss of a connection would be an uncaught exception; `close` follows and is what is heard.
    connection.on('error', () => {})
    return connection
  } catch (error) {
    options.signal?.throwIfAborted()
    const closed = !address.tls && error instanceof Error && /closed abruptly|ECONNRESET/i.test(error.message)
    const isTls = closed && (await speaksTls(address, Math.min(2_000, options.connectTimeoutMs)))
    throw new ConnectFailed(connectFault(error, address, isTls))
  } finally {
    clearTimeout(deadline)
    options.signal?.removeEventListener('abort', abort)
  }
}
