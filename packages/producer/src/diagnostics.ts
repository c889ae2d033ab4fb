import { type Channel, channel } from 'node:diagnostics_channel'
import type { Outcome } from './receipt.ts'

/** What `podqueue:publish` carries: one message that is about to be sent, for the first time or again. */
export interface PublishDiagnostic {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  /** The item's place in `items`, from 0. */
  readonly index: number
  readonly messageId: string
  /** The size of the body. */
  readonly bytes: number
  /** The message's headers. What a subscriber puts in is sent, as `traceparent`; respect what is there. */
  readonly headers: Record<string, unknown>
}

/** What `podqueue:settle` carries: the fate of one item. */
export interface SettleDiagnostic {
  readonly queue: string
  readonly index: number
  readonly messageId: string | undefined
  readonly outcome: Outcome
}

/** Channels of `node:diagnostics_channel`; a message is made only while somebody subscribes. */
export const PUBLISH: Channel = channel('podqueue:publish')
export const SETTLE: Channel = channel('podqueue:settle')
