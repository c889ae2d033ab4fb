import { type Channel, channel } from 'node:diagnostics_channel'
import type { ItemOutcome } from './outcome.ts'

/** The message of `podqueue:publish`: one item is about to be sent, for the first time or again. */
export interface PublishDiagnostic {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  /** The item's place in `items`, from 0. */
  readonly index: number
  readonly messageId: string
  /** The size of the body. */
  readonly bytes: number
  /** The item's headers. A subscriber may add its own, such as `traceparent`: they are sent. It should leave others alone. */
  readonly headers: Record<string, unknown>
}

/** The message of `podqueue:settle`: one item has its fate. */
export interface SettleDiagnostic {
  readonly queue: string
  readonly index: number
  readonly messageId: string | undefined
  readonly outcome: ItemOutcome
}

/** Channels of `node:diagnostics_channel`; a message is made only while somebody subscribes. */
export const PUBLISH: Channel = channel('podqueue:publish')
export const SETTLE: Channel = channel('podqueue:settle')
