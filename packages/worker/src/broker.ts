import { hostname } from 'node:os'
import { type Address, ConnectFailed, connect, type TlsOptions } from '@internal/amqp'
import type { Channel } from 'amqplib'
import { late, within } from './deadline.ts'
import { toWorkerError } from './errors.ts'
import type { Logger } from './logger.ts'

/** What this package uses of an amqplib connection that the app opened. */
export interface AmqpConnection {
  createChannel(): Promise<unknown>
}

/** Where the broker is and how to get there. */
export interface Broker {
  /** Undefined with a connection of the app's own, unless an address was given too. */
  readonly address: Address | undefined
  readonly borrowed: AmqpConnection | undefined
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly reconnectForMs: number
}

/** The broker in a message. */
export function shownBroker({ address, borrowed }: Broker): string {
  return borrowed === undefined && address !== undefined ? address.shown : "the app's own connection"
}

/** A connection in use: our own, or the app's, of which only our channels are closed. */
export interface Link {
  createChannel(): Promise<Channel>
  /** Resolves when all is closed, at the latest after `timeoutMs`. Never rejects. */
  close(timeoutMs: number): Promise<void>
}

/**
 * Opens the link to the broker.
 *
 * @throws {WorkerError} what connecting can throw; the signal's reason when it aborts
 */
export async function openLink(
  broker: Broker,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal | undefined },
): Promise<Link> {
  const { borrowed, address } = broker
  if (borrowed !== undefined) return borrowedLink(borrowed)
  if (address === undefined) throw new Error('there is neither an address nor a connection')
  try {
    const model = await connect(address, {
      tls: broker.tls,
      connectTimeoutMs: broker.connectTimeoutMs,
      reconnectForMs: broker.reconnectForMs,
      signal,
      connectionName: `podqueue worker on ${hostname()}`,
      onRetry: (fault) => logger.warn({ code: fault.code, address: address.shown }, `${fault.message} Trying again.`),
    })
    return {
      createChannel: () => model.createChannel(),
      close: async (timeoutMs) => {
        const closed = await within(model.close(), timeoutMs).catch(() => undefined)
        // A peer that does not answer must not keep this process.
        if (closed === late) destroySocket(model)
      },
    }
  } catch (error) {
    if (error instanceof ConnectFailed) throw toWorkerError(error.fault)
    throw error
  }
}

function destroySocket(model: object): void {
  const { connection } = model as { connection?: { stream?: { destroy?: () => void } } }
  connection?.stream?.destroy?.()
}

function borrowedLink(connection: AmqpConnection): Link {
  const channels = new Set<Channel>()
  return {
    createChannel: async () => {
      const channel = (await connection.createChannel()) as Channel
      channels.add(channel)
      channel.once('close', () => channels.delete(channel))
      return channel
    },
    close: async (timeoutMs) => {
      const closing = [...channels].map(async (channel) => channel.close())
      await within(Promise.allSettled(closing), timeoutMs)
    },
  }
}
