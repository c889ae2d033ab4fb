import { operationFault } from '@internal/amqp'
import type { Message as AmqpMessage, ConfirmChannel } from 'amqplib'
import { encodeItem } from './encode.ts'
import type { Ledger } from './ledger.ts'

/**
 * Where items are read from: a list, a Set, a generator, any iterable or async iterable. Not a string, which would be one
 * item a character, and not a byte array.
 */
export type Items<T = unknown> = (Iterable<T> | AsyncIterable<T>) & {
  readonly charAt?: never
  readonly byteLength?: never
}

export interface PublishOptions {
  readonly queue: string
  /** For messages of errors. */
  readonly address: string
  readonly window: number
  readonly maxMessageBytes: number
  readonly maxFailures: number
  readonly confirmTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Why publishing ended: `done` is the end of the source with nothing unsettled. */
export type Ending =
  | { readonly type: 'done' }
  | { readonly type: 'too-many-failures' }
  | { readonly type: 'aborted' }
  | { readonly type: 'silent' }
  | { readonly type: 'lost'; readonly cause: unknown }
  | { readonly type: 'source-failed'; readonly cause: unknown }

/**
 * The publisher's own number of a message, by which a return is matched to its publish. Not the message id, which is
 * the app's, and may be there twice.
 */
const SEQUENCE = 'x-podqueue-sequence'

/**
 * Publishes every item of a source to a queue through the default exchange, persistent and mandatory, with at most
 * `window` unconfirmed, and writes the fate of each into the ledger. Ends when all are settled, or with the reason why
 * they cannot be; never throws for what the broker or the source does.
 */
export async function publishAll(
  channel: ConfirmChannel,
  items: Items,
  ledger: Ledger,
  options: PublishOptions,
): Promise<Ending> {
  const { queue, window, signal } = options
  const news = new Signalled()
  let ending: Ending | undefined
  let progressAt = performance.now()
  const end = (how: Ending): void => {
    ending ??= how
    news.raise()
  }

  channel.on('return', (message: AmqpMessage) => ledger.returned(Number(message.properties.headers?.[SEQUENCE])))
  const settle =
    (acked: boolean) =>
    ({ deliveryTag, multiple }: { readonly deliveryTag: number; readonly multiple: boolean }): void => {
      ledger.settled(deliveryTag, multiple, acked)
      progressAt = performance.now()
      news.raise()
    }
  channel.on('ack', settle(true))
  channel.on('nack', settle(false))
  channel.on('drain', () => news.raise())
  channel.on('error', (cause) => end({ type: 'lost', cause }))
  channel.on('close', () => end({ type: 'lost', cause: new Error('the channel was closed') }))
  const onAbort = (): void => end({ type: 'aborted' })
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  const watchdog = setInterval(
    () => {
      const waiting = ledger.unsettled > 0
      if (!waiting) progressAt = performance.now()
      else if (performance.now() - progressAt > options.confirmTimeoutMs) end({ type: 'silent' })
    },
    Math.max(10, Math.min(1_000, options.confirmTimeoutMs / 4)),
  )

  const source = iterate(items)
  let sourceDone = false
  try {
    let tag = 0
    for (let index = 0; ending === undefined; index++) {
      if (ledger.failed >= options.maxFailures) {
        end({ type: 'too-many-failures' })
        break
      }
      let step: IteratorResult<unknown> | undefined
      try {
        const next = source.next()
        step = 'then' in next ? await news.orEnd(next, () => ending !== undefined) : next
      } catch (cause) {
        sourceDone = true
        end({ type: 'source-failed', cause })
        break
      }
      if (step === undefined) break
      if (step.done === true) {
        sourceDone = true
        break
      }
      const encoding = encodeItem(step.value, options.maxMessageBytes)
      if ('reason' in encoding) {
        ledger.invalid(index, encoding.message, encoding.reason)
        continue
      }
      const { content, contentType, id, headers, priority } = encoding.encoded
      tag += 1
      ledger.published(tag, index, encoding.message, content.length)
      const room = channel.publish('', queue, content, {
        persistent: true,
        mandatory: true,
        messageId: id,
        contentType,
        headers: { ...headers, [SEQUENCE]: tag },
        ...(priority === undefined ? {} : { priority }),
      })
      if (!room) await news.next(() => ending !== undefined)
      while (ledger.unsettled >= window && ending === undefined) await news.next(() => ending !== undefined)
    }
    // What was published is settled, also when the source threw or too many failed.
    while (ledger.unsettled > 0 && !cannotSettle(ending)) await news.next(() => cannotSettle(ending))
  } catch (cause) {
    // amqplib throws from `publish` on a channel that has closed since.
    end({ type: 'lost', cause })
  } finally {
    clearInterval(watchdog)
    signal?.removeEventListener('abort', onAbort)
    if (!sourceDone) await closeSource(source)
  }
  const result = ending ?? { type: 'done' }
  ledger.abandon(unsettledReason(result, options))
  return result
}

function cannotSettle(ending: Ending | undefined): boolean {
  return ending?.type === 'lost' || ending?.type === 'aborted' || ending?.type === 'silent'
}

function unsettledReason(ending: Ending, { queue, address, confirmTimeoutMs }: PublishOptions): string {
  if (ending.type === 'silent') return `the broker confirmed nothing for ${confirmTimeoutMs} ms`
  if (ending.type === 'lost') return operationFault(ending.cause, { queue, address }).message
  return 'the call ended before the broker answered'
}

type Source = { next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>; return?(): unknown }

function iterate(items: Items): Source {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}

async function closeSource(source: Source): Promise<void> {
  try {
    await source.return?.()
  } catch {
    // The call already ends with a reason of its own; a source that cannot be closed adds nothing to it.
  }
}

/** Wakes the one publisher that waits for something to have happened. */
class Signalled {
  #wake: (() => void) | undefined

  raise(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  /** Resolves at the next news; at once when there is no need to wait. */
  async next(ended: () => boolean): Promise<void> {
    if (ended()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
  }

  /** The value of a promise; undefined once it is over before the promise has one. */
  async orEnd<T>(promise: Promise<T>, ended: () => boolean): Promise<T | undefined> {
    let value: { readonly of: T } | undefined
    const arrived = promise.then((of) => {
      value = { of }
    })
    // Whoever stops listening must not leave a rejection that nobody handles.
    arrived.catch(() => {})
    while (value === undefined && !ended()) await Promise.race([arrived, this.next(ended)])
    return (value as { readonly of: T } | undefined)?.of
  }
}
