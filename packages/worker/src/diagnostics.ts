import { type Channel, channel } from 'node:diagnostics_channel'

/** What `podqueue:take` carries: an item that has been delivered to this worker. */
export interface TakeDiagnostic {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  readonly messageId: string | undefined
  readonly redelivered: boolean
  readonly deliveryCount: number | undefined
  /** The message's headers, `traceparent` among them where the publisher put it. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** What `podqueue:handle` carries: the begin and the end of a handler's work on one item. */
export interface HandleDiagnostic {
  readonly queue: string
  readonly messageId: string | undefined
  /** `released`: the worker had to end. `lost`: the hold on the item was lost, and the work is thrown away. */
  readonly phase: 'started' | 'done' | 'failed' | 'dead-letter' | 'released' | 'lost'
}

/** What `podqueue:ack` carries: an answer to the broker, as it is sent and once the channel has taken it. */
export interface AckDiagnostic {
  readonly queue: string
  readonly messageId: string | undefined
  readonly how: 'ack' | 'reject' | 'release'
  /** `accepted` is one for all that were `sent` before it, of which `messageId` is the last. */
  readonly phase: 'sent' | 'accepted'
}

/** Channels of `node:diagnostics_channel`; a message is made only while somebody subscribes. */
export const TAKE: Channel<unknown, TakeDiagnostic> = named('podqueue:take')
export const HANDLE: Channel<unknown, HandleDiagnostic> = named('podqueue:handle')
export const ACK: Channel<unknown, AckDiagnostic> = named('podqueue:ack')

function named<T>(name: string): Channel<unknown, T> {
  return channel(name) as Channel<unknown, T>
}
