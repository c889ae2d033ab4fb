import type { Problems } from '@internal/options'
import type { Channel, ConfirmChannel } from 'amqplib'

// biome-ignore lint/suspicious/noExplicitAny: a listener with fewer or other parameters must fit, as in Node's own types
type ConnectionListener = (...args: any[]) => void

/**
 * An open connection that `connect()` of amqplib resolved to. Only these members are used, so that any version of amqplib
 * that has them will do.
 */
export interface AmqpConnection {
  /** Opens a channel. */
  createChannel(): Promise<object>
  /** Opens a channel with publisher confirms. */
  createConfirmChannel(): Promise<object>
  /** Adds a listener. */
  on(event: string, listener: ConnectionListener): unknown
  /** Removes a listener. */
  off(event: string, listener: ConnectionListener): unknown
  /** The greeting of the broker. */
  readonly connection: { readonly serverProperties: object }
}

/** Checks the option `connection`; undefined passes. */
export function checkAmqpConnection(problems: Problems, connection: unknown): void {
  if (connection === undefined || isAmqpConnection(connection)) return
  problems.add('connection', 'must be an open connection of amqplib, such as the result of its connect()')
}

/** Reading the app's object may throw. */
function isAmqpConnection(connection: unknown): boolean {
  try {
    const { createChannel, createConfirmChannel, on, off, connection: raw } = connection as AmqpConnection
    const methods = [createChannel, createConfirmChannel, on, off]
    return methods.every((method) => typeof method === 'function') && typeof raw.serverProperties === 'object'
  } catch {
    return false
  }
}

/** Opens a channel on a connection, which may be the app's own. @throws when the connection closes meanwhile */
export async function openChannel(connection: AmqpConnection): Promise<Channel> {
  return (await whileOpen(connection, () => connection.createChannel())) as Channel
}

/** Opens a channel with publisher confirms on a connection, which may be the app's own. @throws when the connection closes meanwhile */
export async function openConfirmChannel(connection: AmqpConnection): Promise<ConfirmChannel> {
  return (await whileOpen(connection, () => connection.createConfirmChannel())) as ConfirmChannel
}

/**
 * A broker may answer and close the connection in one write. amqplib reads both before the caller gets the channel, which
 * then never tells that it is closed.
 */
async function whileOpen(connection: AmqpConnection, open: () => Promise<object>): Promise<object> {
  const watch = watches.get(connection) ?? watchClose(connection)
  watch.opening += 1
  try {
    const channel = await open()
    // The reason is not passed on: nothing was sent on this channel, so it was about the work of somebody else.
    if (watch.isClosed) throw new Error('The connection was closed while a channel was opened.')
    return channel
  } finally {
    watch.opening -= 1
    if (watch.opening === 0) watch.end()
  }
}

interface CloseWatch {
  /** Channels that are being opened. */
  opening: number
  isClosed: boolean
  end(): void
}

/** The calls that open a channel at the same time share one listener: Node warns of a leak when there are eleven. */
const watches = new WeakMap<AmqpConnection, CloseWatch>()

function watchClose(connection: AmqpConnection): CloseWatch {
  const onClose = (): void => {
    watch.isClosed = true
  }
  const end = (): void => {
    connection.off('close', onClose)
    watches.delete(connection)
  }
  const watch: CloseWatch = { opening: 0, isClosed: false, end }
  connection.on('close', onClose)
  watches.set(connection, watch)
  return watch
}
