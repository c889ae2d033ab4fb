import { type AmqpConnection, openConfirmChannel } from '@internal/amqp'
import type { Message as AmqpMessage, ConfirmChannel } from 'amqplib'
import { type Link, rawConnection } from '../connection/link.ts'
import { PUBLISH, type PublishDiagnostic } from '../diagnostics.ts'
import type { Parcel, Publish } from './ledger.ts'
import { channelPort, framePort, type PublishPort } from './publish-port.ts'
import { SEQUENCE } from './sequence.ts'

/** What a channel tells while it is used. */
export interface ChannelNews {
  /** A message came back, with its id, and its sequence where one was sent along. */
  returned(id: unknown, sequence: unknown): void
  settled(tag: number, multiple: boolean, acked: boolean): void
  /** It was lost, or the socket takes more. */
  changed(): void
}

/** A channel with confirms, on which one call publishes. */
export interface PublishChannel {
  readonly port: PublishPort
  /** Set once the channel is closed; the cause may be the connection's. */
  readonly lost: { readonly cause: unknown } | undefined
  publish(next: Publish): void
  close(): Promise<void>
}

export async function openPublishChannel(
  connection: AmqpConnection,
  link: Link,
  queue: string,
  news: ChannelNews,
): Promise<PublishChannel> {
  const channel = await openConfirmChannel(connection)
  const raw = link.reconnects ? rawConnection(connection) : undefined
  const port = raw === undefined ? channelPort(channel, queue, () => news.changed()) : framePort(channel, raw, queue)
  let lost: { readonly cause: unknown } | undefined
  const lose = (cause: unknown): void => {
    if (lost !== undefined) return
    lost = { cause }
    port.discard()
    news.changed()
  }
  channel.on('return', ({ properties: { messageId, headers } }: AmqpMessage) =>
    news.returned(messageId, headers?.[SEQUENCE]),
  )
  channel.on('ack', ({ deliveryTag, multiple }) => news.settled(deliveryTag, multiple, true))
  channel.on('nack', ({ deliveryTag, multiple }) => news.settled(deliveryTag, multiple, false))
  channel.on('error', lose)
  channel.on('close', () => lose(undefined))
  return {
    port,
    get lost() {
      return lost
    },
    publish: ({ parcel, sequence }) => {
      try {
        port.publish(diagnosed(parcel, queue, link.shown), sequence)
      } catch (cause) {
        // amqplib throws from `publish` on a channel that has closed since.
        lose(cause)
      }
    },
    close: () => closeChannel(channel, port, lost !== undefined),
  }
}

/** The parcel as subscribers leave it: they may add headers. */
function diagnosed(parcel: Parcel, queue: string, address: string): Parcel {
  if (!PUBLISH.hasSubscribers) return parcel
  const { index, id: messageId, bytes } = parcel
  const headers: Record<string, unknown> = { ...parcel.headers }
  const diagnostic: PublishDiagnostic = { queue, address, index, messageId, bytes, headers }
  PUBLISH.publish(diagnostic)
  return { ...parcel, headers }
}

async function closeChannel(channel: ConfirmChannel, port: PublishPort, isLost: boolean): Promise<void> {
  port.discard()
  if (isLost) return
  // Nobody waits for the broker's answer: one that is blocked gives none, and the channel is not used again.
  channel.close().catch(() => {})
}
