import { type AmqpConnection, openConfirmChannel } from '@internal/amqp'
import { HEADER } from '@internal/contract'
import type { Message as AmqpMessage, ConfirmChannel } from 'amqplib'
import type { Link } from '../connection/link.ts'
import { frameMaxOf, rawConnection } from '../connection/raw-connection.ts'
import { PUBLISH } from '../diagnostics.ts'
import type { EncodedItem } from '../items/encoded-item.ts'
import { announced } from './announce.ts'
import type { Publish } from './ledger.ts'
import { checkProperties, propertiesSize } from './properties-size.ts'
import { channelPort, framePort, type PublishPort } from './publish-port.ts'
import type { Stamp } from './stamp.ts'

/** Called by a channel while it is used. */
export interface ChannelListener {
  /** A message was returned, with its id, and its sequence if one was sent along. */
  returned(id: unknown, sequence: unknown): void
  settled(tag: number, multiple: boolean, acked: boolean): void
  /** The channel was lost, or the socket takes more. */
  changed(): void
}

/** The reason why a message cannot be sent. Nothing of it was. */
export interface Refusal {
  readonly reason: string
  readonly cause?: unknown
}

/** A channel with confirms, on which one call publishes. */
export interface PublishChannel {
  readonly port: PublishPort
  /** Set once the channel is closed. Without a cause, the connection was lost. */
  readonly lost: { readonly cause: unknown } | undefined
  /** Sends a message, or returns the reason why it cannot be sent. */
  publish(next: Publish): Refusal | undefined
  close(): Promise<void>
}

/** The queue that messages go to, and what all of them carry. */
export interface PublishTarget {
  /** The call that publishes, for diagnostics. */
  readonly call: object
  readonly queue: string
  readonly stamp: Stamp
}

export async function openPublishChannel(
  connection: AmqpConnection,
  link: Link,
  { call, queue, stamp }: PublishTarget,
  listener: ChannelListener,
): Promise<PublishChannel> {
  const channel = await openConfirmChannel(connection)
  const raw = link.reconnects ? rawConnection(connection) : undefined
  const port =
    raw === undefined
      ? channelPort(channel, queue, stamp, () => listener.changed())
      : framePort(channel, raw, queue, stamp)
  const frameMax = frameMaxOf(connection)
  const send = (message: EncodedItem, sequence: number | undefined): void => {
    if (message.headerBytes !== undefined) checkProperties(propertiesSize(message, stamp), frameMax)
    port.publish(message, sequence)
  }
  let lost: { readonly cause: unknown } | undefined
  const lose = (cause: unknown): void => {
    if (lost !== undefined) return
    lost = { cause }
    port.discard()
    listener.changed()
  }
  channel.on('return', ({ properties: { messageId, headers } }: AmqpMessage) =>
    listener.returned(messageId, headers?.[HEADER.sequence]),
  )
  channel.on('ack', ({ deliveryTag, multiple }) => listener.settled(deliveryTag, multiple, true))
  channel.on('nack', ({ deliveryTag, multiple }) => listener.settled(deliveryTag, multiple, false))
  channel.on('error', lose)
  channel.on('close', () => lose(undefined))
  return {
    port,
    get lost() {
      return lost
    },
    publish: ({ item, sequence }) => {
      try {
        if (PUBLISH.hasSubscribers) {
          const { message, run } = announced(item, { call, queue, address: link.shown })
          run(() => send(message, sequence))
        } else {
          send(item, sequence)
        }
        return undefined
      } catch (cause) {
        if (!isClosedError(cause)) return refusalOf(cause)
        lose(cause)
        return undefined
      }
    },
    close: () => closeChannel(channel, port, lost !== undefined),
  }
}

/** amqplib throws from `publish` on a channel that has closed since. It may be the app's own copy of amqplib. */
function isClosedError(error: unknown): boolean {
  return error instanceof Error && error.name === 'IllegalOperationError'
}

function refusalOf(cause: unknown): Refusal {
  return cause instanceof TypeError ? { reason: cause.message } : { reason: 'The AMQP client cannot encode it.', cause }
}

async function closeChannel(channel: ConfirmChannel, port: PublishPort, isLost: boolean): Promise<void> {
  port.discard()
  if (isLost) return
  // Nobody waits for the broker's answer: a broker that blocks gives none, and the channel is not used again.
  channel.close().catch(() => {})
}
