import type { AmqpConnection } from '@internal/amqp'
import type { ChannelModel } from 'amqplib'

/** Why the broker takes no messages, and since when on the clock of `performance.now()`. */
export interface Blocked {
  readonly since: number
  readonly reason: string
}

/** The way to a broker that calls share: one connection, opened when it is needed. */
export interface Link {
  /** The broker's address without user and password. */
  readonly shown: string
  /** Undefined where only the owner of the connection knows it. */
  readonly vhost: string | undefined
  /** Whether a lost connection is opened again. */
  readonly reconnects: boolean
  readonly blocked: Blocked | undefined
  /** Why the last connection was lost. */
  readonly lost: unknown
  /**
   * The open connection, opened if need be; `signal` ends the wait alone.
   *
   * @throws {ProducerError} when there is none to be had
   */
  open(signal?: AbortSignal): Promise<AmqpConnection>
  /** Hears when `blocked` or `lost` may have changed, or the socket takes more. Returns what ends that. */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

/** How the bytes of a connection of our own can be written past amqplib's queue of frames. */
export interface RawConnection {
  readonly frameMax: number
  readonly stream: {
    readonly writableNeedDrain: boolean
    write(bytes: Uint8Array, written: () => void): void
  }
  /** What keeps amqplib from sending a heartbeat. */
  sentSinceLastCheck: boolean
}

/**
 * The inside of an amqplib connection, as its version 2 has it. Undefined when it looks otherwise: messages then go
 * through its public `publish`.
 */
export function rawConnection(connection: AmqpConnection): RawConnection | undefined {
  const raw = (connection as Partial<ChannelModel>).connection as Partial<RawConnection> | undefined
  const known =
    typeof raw?.sentSinceLastCheck === 'boolean' &&
    typeof raw.frameMax === 'number' &&
    typeof raw.stream?.writableNeedDrain === 'boolean'
  return known ? (raw as RawConnection) : undefined
}
