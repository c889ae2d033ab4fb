import type { ConfirmChannel } from 'amqplib'
import type { RawConnection } from '../connection/link.ts'
import type { Encoded } from '../items/encode.ts'
import { FrameWriter } from './frame-writer.ts'
import { SEQUENCE } from './sequence.ts'

/** Where messages go to the broker: persistent and mandatory, through the default exchange, to one queue. */
export interface PublishPort {
  /** @param sequence sent along as a header, where the id does not tell the message from others in flight */
  publish(encoded: Encoded, sequence: number | undefined): void
  /** Sends what is still gathered. */
  flush(): void
  /** Sends nothing more of what is gathered: the channel is closed. */
  discard(): void
  /** Whether the socket has taken all that it can for now. */
  readonly full: boolean
}

/** Through amqplib's public `publish`: for connections that are not ours, whose insides may be of any version. */
export function channelPort(channel: ConfirmChannel, queue: string, onDrain: () => void): PublishPort {
  let full = false
  channel.on('drain', () => {
    full = false
    onDrain()
  })
  return {
    publish: ({ content, contentType, id, headers, priority }, sequence) => {
      full = !channel.publish('', queue, typeof content === 'string' ? Buffer.from(content) : content, {
        persistent: true,
        mandatory: true,
        messageId: id,
        contentType,
        headers: sequence === undefined ? (headers ?? {}) : { ...headers, [SEQUENCE]: sequence },
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
 * Frames of our own, gathered into large writes: amqplib makes and queues several small buffers for each message, which
 * costs more than all else that publishing does.
 */
export function framePort(channel: ConfirmChannel, raw: RawConnection, queue: string): PublishPort {
  const { ch } = channel as unknown as { readonly ch: number }
  const send = (bytes: Buffer, sent: () => void): void => {
    raw.sentSinceLastCheck = true
    raw.stream.write(bytes, sent)
  }
  const writer = new FrameWriter({ channel: ch, queue, frameMax: raw.frameMax, send })
  return {
    publish: (encoded, sequence) => writer.add(encoded, sequence),
    flush: () => writer.flush(),
    discard: () => writer.discard(),
    get full() {
      return raw.stream.writableNeedDrain
    },
  }
}
