import { late, within } from '@internal/async'
import type { BrokerAddress } from '@internal/contract'
import type { ChannelModel, SocketOptions } from 'amqplib'
import { connect as amqpConnect } from 'amqplib'
import { type ConnectOptions, connectBy, type OpenOptions } from './connect.ts'
import { FrameGate, withSocket } from './frame-gate.ts'

/**
 * Opens a connection of amqplib's, trying again while the fault may heal.
 *
 * @throws as {@link connectBy}
 */
export async function connect(address: BrokerAddress, options: ConnectOptions): Promise<ChannelModel> {
  return await connectBy(open, address, options)
}

/** A connection that its owner can end in bounded time. */
export interface OwnConnection {
  readonly model: ChannelModel
  /** Closes it; destroys its socket when the broker does not answer within `timeoutMs`. Never rejects. */
  close(timeoutMs: number): Promise<void>
}

/** As {@link connect}, for a connection that must not outlive a broker which no longer answers. */
export async function openConnection(address: BrokerAddress, options: ConnectOptions): Promise<OwnConnection> {
  return await connectBy(
    async (to, opening): Promise<OwnConnection> => {
      const model = await open(to, opening)
      return {
        model,
        close: async (timeoutMs) => {
          const closed = await within(model.close(), timeoutMs).catch(() => undefined)
          if (closed === late) opening.destroy()
        },
      }
    },
    address,
    options,
  )
}

async function open(
  address: BrokerAddress,
  { tls, connectionName, heartbeat, signal }: OpenOptions,
): Promise<ChannelModel> {
  // The socket's own signal: aborting it destroys the socket, also in the middle of the handshake, where amqplib gives no
  // way to stop.
  const socket: SocketOptions & { readonly signal: AbortSignal } = {
    ...tls,
    // A call is a few small writes; with Nagle's algorithm each would wait for the peer's delayed ack.
    noDelay: true,
    clientProperties: { connection_name: connectionName },
    signal,
  }
  const { result: connecting, socket: made } = withSocket(() =>
    amqpConnect(
      {
        protocol: address.tls ? 'amqps' : 'amqp',
        hostname: address.hostname,
        port: address.port,
        ...(address.username === undefined ? {} : { username: address.username, password: address.password ?? '' }),
        vhost: encodeURIComponent(address.vhost),
        heartbeat,
      },
      socket,
    ),
  )
  const gate = made === undefined ? undefined : new FrameGate(made)
  try {
    const connection = await connecting
    // Without a listener the loss of a connection would be an uncaught exception. `close` follows, and is listened to.
    connection.on('error', () => {})
    // The bytes come in a later tick, after all that waits for this promise.
    gate?.open()
    return connection
  } catch (error) {
    gate?.close()
    throw error
  }
}
