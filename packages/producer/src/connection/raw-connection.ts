import type { AmqpConnection } from '@internal/amqp'

/**
 * The inside of an amqplib connection, as its version 2 has it: the one seam by which this package goes past amqplib's queue
 * of frames, and writes its own (see `publish/frame-writer.ts`).
 */
export interface RawConnection {
  readonly frameMax: number
  readonly stream: {
    readonly writableNeedDrain: boolean
    write(bytes: Uint8Array, written: () => void): void
  }
  /** amqplib sends no heartbeat while this is true. */
  sentSinceLastCheck: boolean
}

/** The inside of a connection. Undefined when it looks otherwise: messages then go through its public `publish`. */
export function rawConnection(connection: AmqpConnection): RawConnection | undefined {
  const raw = connection.connection as Partial<RawConnection> | undefined
  const isKnown =
    typeof raw?.sentSinceLastCheck === 'boolean' &&
    typeof raw.frameMax === 'number' &&
    typeof raw.stream?.writableNeedDrain === 'boolean'
  return isKnown ? (raw as RawConnection) : undefined
}

/** The largest frame that both sides agreed on, bytes; RabbitMQ's own default when that cannot be seen. */
export function frameMaxOf(connection: AmqpConnection): number {
  const { frameMax } = (connection.connection ?? {}) as Partial<RawConnection>
  return typeof frameMax === 'number' && frameMax > 0 ? frameMax : 131_072
}
