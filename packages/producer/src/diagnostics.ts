import { type Channel, channel } from 'node:diagnostics_channel'
import { type Surroundable, TracedWork, type WorkTrace } from '@internal/diagnostics'
import type { ItemOutcome } from './outcome.ts'

/** The message of the tracing channel `podqueue:enqueue`: one call of `enqueue`, from its first connection to its receipt. */
export interface EnqueueTrace extends WorkTrace {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  /** The id of the batch, at the end of a call that did not throw. */
  batch?: string
  /** The number of items that the broker has confirmed, at the end of a call that did not throw. */
  confirmed?: number
}

/** The message of `podqueue:publish`: one item is about to be sent, for the first time or again. */
export interface PublishDiagnostic extends Surroundable {
  /** The same object in all messages of one call of `enqueue`: a key for a `WeakMap`. */
  readonly call: object
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
  /** The same object in all messages of one call of `enqueue`. */
  readonly call: object
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  readonly index: number
  readonly messageId: string | undefined
  readonly outcome: ItemOutcome
}

/** The message of `podqueue:inspect`: a queue was read. */
export interface InspectDiagnostic {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  /** Items that wait for a worker. */
  readonly ready: number
  /** Items in the dead-letter queue; undefined when the queue has none. */
  readonly deadLetters: number | undefined
}

/** The message of the tracing channel `podqueue:collect`: one call of `collectResults`. It has `start`, `error` and `asyncEnd`. */
export interface CollectTrace {
  readonly queue: string
  /** The id of the batch. */
  readonly batch: string
  /** The broker's address, without user and password. */
  readonly address: string
  /** The number of results so far. */
  collected: number
  /** The error that the call throws. */
  error?: unknown
}

/** The message of `podqueue:collected`: the end of one item is about to be given to the caller of `collectResults`. */
export interface CollectedDiagnostic {
  /** The message of `podqueue:collect` of the same call. */
  readonly collect: CollectTrace
  /** The stream that holds the results. */
  readonly log: string
  /** The item's place in `items`, from 0. */
  readonly index: number
  readonly status: 'done' | 'dead-lettered' | 'invalid'
  /** The headers of the record, with the `traceparent` that the worker's subscriber has set. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** Channels of `node:diagnostics_channel`; a message is made only while somebody subscribes. */
export const ENQUEUE: TracedWork<EnqueueTrace> = new TracedWork('podqueue:enqueue')
export const PUBLISH: Channel<unknown, PublishDiagnostic> = named('podqueue:publish')
export const SETTLE: Channel<unknown, SettleDiagnostic> = named('podqueue:settle')
export const INSPECT: Channel<unknown, InspectDiagnostic> = named('podqueue:inspect')
export const COLLECTED: Channel<unknown, CollectedDiagnostic> = named('podqueue:collected')

function named<T>(name: string): Channel<unknown, T> {
  return channel(name) as Channel<unknown, T>
}
