import { HEADER } from '@internal/contract'
import type { ConfirmChannel } from 'amqplib'
import type { RawConnection } from '../connection/raw-connection.ts'
import type { EncodedItem } from '../items/encoded-item.ts'
import { toAmqplibHeaders } from './amqplib-headers.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Stamp } from './stamp.ts'

/** Sends messages to the broker: persistent and mandatory, through the default exchange, to one queue. */
export interface PublishPort {
  /**
   * @param sequence sent along as a header when the id does not tell the message from others in flight
   * @throws when the message cannot be sent; then nothing of it was
   */
  publish(item: EncodedItem, sequence: number | undefined): void
  /** Sends the messages that are still gathered. */
  flush(): void
  /** Drops the messages that are still gathered: the channel is closed. */
  discard(): void
  /** Whether the socket has taken all that it can for now. */
  readonly full: boolean
}

/** Publishes by amqplib's public `publish`: for connections of the app, whose inside may be of any version. */
export function channelPort(
  channel: ConfirmChannel,
  queue: string,
  { type, replyTo }: Stamp,
  onDrain: () => void,
): PublishPort {
  let full = false
  channel.on('drain', () => {
    full = false
    onDrain()
  })
  return {
    publish: ({ index, content, contentType, id, headers, priority }, sequence) => {
      const own = toAmqplibHeaders(headers ?? {})
      full = !channel.publish('', queue, typeof content === 'string' ? Buffer.from(content) : content, {
        persistent: true,
        mandatory: true,
        messageId: id,
        contentType,
        type,
        ...(replyTo === undefined ? {} : { replyTo, correlationId: String(index) }),
        headers: sequence === undefined ? own : { ...own, [HEADER.sequence]: sequence },
        ...(priority === undefined ? {} : { priority }),
      })
    },
    flush: () => {},
    discard: () => {},
    get full() {
      return full
    },
  }
}

/**
 * Publishes in frames of our own, gathered into large writes: amqplib makes and queues several small buffers for each message,
 * which costs more than everything else that publishing does.
 */
export function framePort(channel: ConfirmChannel, raw: RawConnection, queue: string, stamp: Stamp): PublishPort {
  const { ch } = channel as unknown as { readonly ch: number }
  const send = (bytes: Buffer, sent: () => void): void => {
    raw.sentSinceLastCheck = true
    raw.stream.write(bytes, sent)
  }
  const writer = new FrameWriter({ channel: ch, queue, stamp, frameMax: raw.frameMax, send })
  return {
    publish: (item, sequence) => writer.add(item, sequence),
    flush: () => writer.flush(),
    discard: () => writer.discard(),
    get full() {
      return raw.stream.writableNeedDrain
    },
  }
}
