import { hostname } from 'node:os'
import { type Address, ConnectFailed, connect, findAddress, type TlsOptions } from '@internal/amqp'
import type { ChannelModel } from 'amqplib'
import { ProducerError } from './errors.ts'

/** Where the broker is, for every call of this package that opens a connection. */
export interface ConnectionOptions {
  /**
   * The broker's address, `amqp://user:password@host:5672/vhost` or `amqps://…`; special characters in user, password
   * and vhost are percent-encoded. Default: what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
   */
  readonly url?: string
  /** Passed to Node for an `amqps:` address: `ca`, `cert`, `key`, `servername`, … */
  readonly tls?: TlsOptions
  /** How long one attempt to connect may take, milliseconds. Default: 10000. */
  readonly connectTimeoutMs?: number
  /**
   * How long to go on trying while no broker answers, milliseconds. What cannot heal by itself, as a wrong password,
   * fails at once. 0: one attempt. Default: 30000.
   */
  readonly reconnectForMs?: number
  /** Ends the call; it throws a `ProducerError` with code `ABORTED`. */
  readonly signal?: AbortSignal
}

/** An open connection of this package's own. */
export interface OpenConnection extends AsyncDisposable {
  readonly model: ChannelModel
  readonly address: Address
}

/** Opens a connection that ends with the scope that holds it. */
export async function openConnection(options: ConnectionOptions): Promise<OpenConnection> {
  const address = findAddress(options.url)
  if ('code' in address) throw new ProducerError(address)
  try {
    const model = await connect(address, {
      tls: options.tls,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      reconnectForMs: options.reconnectForMs ?? 30_000,
      signal: options.signal,
      connectionName: `podqueue producer on ${hostname()}`,
    })
    return { model, address, [Symbol.asyncDispose]: () => closeConnection(model) }
  } catch (error) {
    if (error instanceof ConnectFailed) throw new ProducerError(error.fault)
    throw aborted(options.signal) ?? error
  }
}

/** What a call throws once its signal has aborted; undefined while it has not. */
export function aborted(signal: AbortSignal | undefined): ProducerError | undefined {
  if (signal?.aborted !== true) return undefined
  return new ProducerError({
    code: 'ABORTED',
    message: 'the call was ended by its signal',
    hint: 'Nothing was published after it.',
    cause: signal.reason,
  })
}

async function closeConnection(model: ChannelModel): Promise<void> {
  // Closing waits for the broker's answer, which one that is gone never gives; what counts was settled before.
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
  await Promise.race([model.close().catch(() => {}), late])
  clearTimeout(timer)
}

const CLOSE_TIMEOUT_MS = 5_000
