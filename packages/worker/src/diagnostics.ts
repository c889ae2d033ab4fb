import { type Channel, channel } from 'node:diagnostics_channel'
import { TracedWork, type WorkTrace } from '@internal/diagnostics'

/** The part that all messages about one delivery have in common. */
interface Delivered {
  readonly queue: string
  /** The broker's address, without user and password. */
  readonly address: string
  readonly messageId: string | undefined
  /** The same object in all messages about one delivery of an item: a key for a `WeakMap`. */
  readonly delivery: object
}

/** The message of `podqueue:take`: an item was delivered to this worker. */
export interface TakeDiagnostic extends Delivered {
  readonly redelivered: boolean
  readonly deliveryCount: number | undefined
  /** The size of the body. */
  readonly bytes: number
  /** The headers of the message, with `traceparent` if the publisher set it. */
  readonly headers: Readonly<Record<string, unknown>>
}

/** How the work of a handler on an item ended. */
export type HandleOutcome =
  | 'done'
  | 'failed'
  | 'dead-letter'
  /** The worker had to end. */
  | 'released'
  /** The hold on the item was lost, and its result is thrown away. */
  | 'lost'

/** The message of the tracing channel `podqueue:handle`: the work of the handler on one item, with all its attempts. */
export interface HandleTrace extends Delivered, WorkTrace {
  /**
   * The headers of the item as the handler gets it, and, as `TRACEPARENT` and `TRACESTATE`, a program. A subscriber of `start` may
   * set those of its own, such as `traceparent`.
   */
  readonly headers: Record<string, unknown>
  /** At the end. */
  outcome?: HandleOutcome
  /** The `code` of the error that the end has for the caller, such as `HANDLER_FAILED`; left out for `done`. */
  code?: string
  /** The value that the handler threw, if it did. */
  cause?: unknown
}

/** The message of the tracing channel `podqueue:answer`: a message about an item is published by its worker. */
export interface AnswerTrace extends Delivered, WorkTrace {
  /** `result`: to the results of the item's batch. `dead-letter`: the item itself, to its dead-letter queue. */
  readonly what: 'result' | 'dead-letter'
  /** The queue or the stream that it goes to. */
  readonly to: string
  /** The headers that a subscriber of `start` adds to a result, such as `traceparent`. Those of a dead letter stay as they are. */
  readonly headers: Record<string, unknown>
  /** At the end. `unclaimed`: the batch was deleted, and nobody wants the result. */
  outcome?: 'confirmed' | 'unclaimed' | 'failed'
}

/** The message of `podqueue:ack`: an answer was sent to the broker, or the channel has taken it. */
export interface AckDiagnostic extends Delivered {
  readonly how: 'ack' | 'reject' | 'release'
  /** One `accepted` stands for all answers that were `sent` before it. Its `messageId` is that of the last one. */
  readonly phase: 'sent' | 'accepted'
}

/** The message of `podqueue:exit`: the worker of `runWorker` or `podqueue-worker` is done, and its process is about to end. */
export interface ExitDiagnostic {
  /** For a subscriber, while it is called: the process waits for the promise before it ends, for `exitGraceMs` at most. */
  waitUntil(promise: Promise<unknown>): void
}

/** Channels of `node:diagnostics_channel`. A message is made only while there is a subscriber. */
export const TAKE: Channel<unknown, TakeDiagnostic> = named('podqueue:take')
export const HANDLE: TracedWork<HandleTrace> = new TracedWork('podqueue:handle')
export const ANSWER: TracedWork<AnswerTrace> = new TracedWork('podqueue:answer')
export const ACK: Channel<unknown, AckDiagnostic> = named('podqueue:ack')
export const EXIT_SOON: Channel<unknown, ExitDiagnostic> = named('podqueue:exit')

function named<T>(name: string): Channel<unknown, T> {
  return channel(name) as Channel<unknown, T>
}
