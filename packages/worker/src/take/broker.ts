import { hostname } from 'node:os'
import { type AmqpConnection, ConnectFailed, connectBy, type TlsOptions } from '@internal/amqp'
import type { BrokerAddress } from '@internal/contract'
import type { Channel } from 'amqplib'
import { type OwnConnection, open } from '../connection/open.ts'
import { toWorkerError } from '../errors.ts'
import { late, within } from '../handle/deadline.ts'
import type { Logger } from '../logger.ts'

/** Where the broker is and how to get there. */
export interface Broker {
  /** Undefined with a connection of the app's own, unless an address was given too. */
  readonly address: BrokerAddress | undefined
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
  /**
   * Sends the close in the write of what was sent just before, where the connection is our own; its answers still arrive.
   * `close` has to follow.
   */
  closeBehind(): void
  /** Resolves when all is closed, at the latest after `timeoutMs`. Never rejects. */
  close(timeoutMs: number): Promise<void>
}

/** Makes requests on the first channel of a link, which leave as early as they can. */
export type Begin<T> = (channel: Channel) => T

/**
 * Opens the link to the broker and begins on its first channel. `begin` is called once for each attempt to connect.
 *
 * @throws {WorkerError} what connecting can throw; the signal's reason when it aborts
 */
export async function openLink<T>(
  broker: Broker,
  begin: Begin<T>,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal | undefined },
): Promise<{ readonly link: Link; readonly begun: T }> {
  const { borrowed, address } = broker
  if (borrowed !== undefined) {
    const link = borrowedLink(borrowed)
    return { link, begun: begin(await link.createChannel()) }
  }
  if (address === undefined) throw new Error('there is neither an address nor a connection')
  try {
    const { connection, begun } = await connectBy(
      (to, options) => open(to, options, (createChannel) => begin(createChannel())),
      address,
      {
        tls: broker.tls,
        connectTimeoutMs: broker.connectTimeoutMs,
        reconnectForMs: broker.reconnectForMs,
        signal,
        // A pod's name is in its environment; to ask the system loads one more module.
        connectionName: `podqueue worker on ${process.env.HOSTNAME || hostname()}`,
        onRetry: (fault) => logger.warn({ code: fault.code, address: address.shown }, `${fault.message} Trying again.`),
      },
    )
    return { link: ownLink(connection), begun }
  } catch (error) {
    if (error instanceof ConnectFailed) throw toWorkerError(error.fault)
    throw error
  }
}

function ownLink({ model, createChannel, closeBehind, destroy }: OwnConnection): Link {
  return {
    createChannel,
    closeBehind,
    close: async (timeoutMs) => {
      const closed = await within(model.close(), timeoutMs).catch(() => undefined)
      // A peer that does not answer must not keep this process.
      if (closed === late) destroy()
    },
  }
}

function borrowedLink(connection: AmqpConnection): Link {
  const channels = new Set<Channel>()
  return {
    createChannel: async () => {
      const channel = (await connection.createChannel()) as Channel
      // amqplib forgets a consumer with its cancel, and ends the whole connection when an item arrives behind the answer, as
      // one of a quorum queue may.
      Object.assign(channel, { unregisterConsumer: () => {} })
      channels.add(channel)
      channel.once('close', () => channels.delete(channel))
      return channel
    },
    closeBehind: () => {},
    close: async (timeoutMs) => {
      const closing = [...channels].map(async (channel) => channel.close())
      await within(Promise.allSettled(closing), timeoutMs)
    },
  }
}
