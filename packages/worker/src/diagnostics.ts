import { type Channel, channel } from 'node:diagnostics_channel'

/** The message of `podqueue:take`: an item was delivered to this worker. */
export interface TakeDiagnostic {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  readonly messageId: string | undefined
  readonly redelivered: boolean
  readonly deliveryCount: number | undefined
  /** The headers of the message, with `traceparent` if the publisher set it. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** The message of `podqueue:handle`: the handler began or ended its work on an item. */
export interface HandleDiagnostic {
  readonly queue: string
  readonly messageId: string | undefined
  /** `released`: the worker had to end. `lost`: the hold on the item was lost, and its result is thrown away. */
  readonly phase: 'started' | 'done' | 'failed' | 'dead-letter' | 'released' | 'lost'
}

/** The message of `podqueue:ack`: an answer was sent to the broker, or the channel has taken it. */
export interface AckDiagnostic {
  readonly queue: string
  readonly messageId: string | undefined
  readonly how: 'ack' | 'reject' | 'release'
  /** One `accepted` stands for all answers that were `sent` before it. Its `messageId` is that of the last one. */
  readonly phase: 'sent' | 'accepted'
}

/** Channels of `node:diagnostics_channel`. A message is made only while there is a subscriber. */
export const TAKE: Channel<unknown, TakeDiagnostic> = named('podqueue:take')
export const HANDLE: Channel<unknown, HandleDiagnostic> = named('podqueue:handle')
export const ACK: Channel<unknown, AckDiagnostic> = named('podqueue:ack')

function named<T>(name: string): Channel<unknown, T> {
  return channel(name) as Channel<unknown, T>
}
