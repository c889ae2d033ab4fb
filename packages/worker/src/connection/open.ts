import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { OpenOptions } from '@internal/amqp'
import type { BrokerAddress } from '@internal/contract'
import type { Channel, ChannelModel } from 'amqplib'
import { ChannelModel as Model } from '../../../../node_modules/amqplib/lib/channel_model.js'
import { EagerChannel } from './eager-channel.ts'
import { AllowedLess, type OpenFields, type Opening, WorkerConnection } from './worker-connection.ts'

/** An open connection of a worker's own. */
export interface OwnConnection {
  readonly model: ChannelModel
  createChannel(): Promise<Channel>
  /** Sends the close in the write of what was sent just before; its answers still arrive. `model.close` then waits for it. */
  closeBehind(): void
  /** Ends it without a word to the broker. */
  destroy(): void
}

/**
 * Opens a connection, once. `begin` may create channels and make requests on them: these leave with the frames that
 * open the connection, so that the first delivery is one round trip away from the TCP connection. It is called again when
 * the broker allows less than what was asked for: then no request of it has been answered.
 */
export async function open<T>(
  address: BrokerAddress,
  options: OpenOptions,
  begin: (createChannel: () => Channel) => T,
): Promise<Opened<T>> {
  try {
    return await openOnce(address, options, begin, 'at-once')
  } catch (error) {
    if (!(error instanceof AllowedLess)) throw error
    return await openOnce(address, options, begin, 'in-turn')
  }
}

interface Opened<T> {
  readonly connection: OwnConnection
  readonly begun: T
}

async function openOnce<T>(
  address: BrokerAddress,
  options: OpenOptions,
  begin: (createChannel: () => Channel) => T,
  opening: Opening,
): Promise<Opened<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connectSocket(address, options)
  // For the whole of its life: without a listener an error would be an uncaught exception.
  socket.on('error', reject)
  const abort = (): void => {
    socket.destroy()
    reject(Object.assign(new Error('It was aborted.'), { code: 'ABORT_ERR' }))
  }
  options.signal.addEventListener('abort', abort, { once: true })
  try {
    const amqp = new WorkerConnection(socket, opening)
    amqp.on('error', () => {})
    const connection = ownConnection(amqp, socket)
    const begun = begin(() => new EagerChannel(amqp))
    const start = (): void =>
      amqp.open(openFields(address, options), (error) => (error === null ? resolve() : reject(error)))
    // A socket keeps what is written until it is connected. One of TLS might send it before it has judged the certificate.
    if (address.tls) socket.once('secureConnect', start)
    else start()
    await promise
    return { connection, begun }
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    options.signal.removeEventListener('abort', abort)
  }
}

function connectSocket({ tls, hostname: host, port }: BrokerAddress, { tls: tlsOptions }: OpenOptions): Socket {
  // One take is a handful of small writes; with Nagle's algorithm each waits for the peer's delayed ack.
  const to = { host, port, noDelay: true }
  if (!tls) return connectTcp(to)
  return connectTls({ ...(isIP(host) === 0 ? { servername: host } : {}), ...tlsOptions, ...to })
}

function ownConnection(amqp: WorkerConnection, socket: Socket): OwnConnection {
  const model = new Model(amqp)
  // Without a listener the loss of a connection would be an uncaught exception; `close` follows and is what is heard.
  model.on('error', () => {})
  return {
    model,
    createChannel: async () => {
      const channel = new EagerChannel(amqp)
      await channel.opened
      return channel
    },
    closeBehind: () => amqp.closeBehind(),
    destroy: () => void socket.destroy(),
  }
}

/** The fields of all frames that open a connection, by their names in the protocol. */
function openFields(address: BrokerAddress, { connectionName, heartbeat }: OpenOptions): OpenFields {
  return {
    clientProperties: {
      product: '@podqueue/worker',
      platform: `Node.js ${process.version}`,
      connection_name: connectionName,
      // What this client understands: a broker tells the loss of a consumer, and a refused password, only to those that do.
      capabilities: {
        publisher_confirms: true,
        exchange_exchange_bindings: true,
        'basic.nack': true,
        consumer_cancel_notify: true,
        'connection.blocked': true,
        authentication_failure_close: true,
      },
    },
    mechanism: 'PLAIN',
    response: Buffer.from(
      `\0${address.username ?? 'guest'}\0${address.username === undefined ? 'guest' : (address.password ?? '')}`,
    ),
    locale: 'en_US',
    // More than a worker ever has, and less than any broker allows.
    channelMax: 8,
    frameMax: 131_072,
    heartbeat,
    virtualHost: address.vhost,
    capabilities: '',
    insist: 0,
  }
}
