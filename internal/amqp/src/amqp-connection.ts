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
  if (connection === undefined) return
  const {
    createChannel,
    createConfirmChannel,
    on,
    off,
    connection: raw,
  } = (connection ?? {}) as Partial<AmqpConnection>
  const isConnection =
    [createChannel, createConfirmChannel, on, off].every((method) => typeof method === 'function') &&
    typeof raw?.serverProperties === 'object'
  if (!isConnection) problems.add('connection', 'must be an open connection: what connect() of amqplib resolves to')
}

/** Opens a channel on a connection, which may be the app's own. */
export async function openChannel(connection: AmqpConnection): Promise<Channel> {
  return (await connection.createChannel()) as Channel
}

/** Opens a channel with publisher confirms on a connection, which may be the app's own. */
export async function openConfirmChannel(connection: AmqpConnection): Promise<ConfirmChannel> {
  return (await connection.createConfirmChannel()) as ConfirmChannel
}
