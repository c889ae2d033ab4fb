import type { AmqpConnection } from '@internal/amqp'
import { pause, within } from '@internal/async'
import type { Channel, ConsumeMessage } from 'amqplib'
import { aborted } from '../abort.ts'
import { channelFor, type Operation, operationError } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'

/** How the messages of a queue are gone through. */
export interface Look extends Operation {
  /** How many messages are gone through at most. */
  readonly atMost: number
  /** How many of them may be unacked at the same time, at most 65535. */
  readonly prefetch: number
  /** How long the queue may deliver nothing although it is not known to be empty, milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/**
 * Goes through the messages of a queue, in their order, and then closes the channel: each message that `onMessage` did not ack
 * is back in the queue when this resolves. That is an order of magnitude faster than a nack for each, and keeps the order
 * when all of them are gone through.
 *
 * Ends after `atMost` messages, or when the queue has no more. Two things together say so. A reading with this consumer as the only
 * one: 0 ready and 0 consumers may be a queue without a leader, and another consumer may hold what is not ready. And the number
 * of messages that were ready before anybody consumed: a quorum queue may answer a reading before it delivers the messages that
 * another consumer has just given back.
 *
 * @param onMessage its promise is waited for; until then the message counts as unacked
 * @throws {HeldByOthers} when nothing more is ready, and others consume or have consumed
 * @throws {ProducerError} `QUEUE_UNAVAILABLE` after `timeoutMs` without progress; what `onMessage` throws; `ABORTED`
 */
export async function lookThrough(
  connection: AmqpConnection,
  look: Look,
  onMessage: (message: ConsumeMessage, channel: Channel) => void | Promise<void>,
): Promise<void> {
  const { queue, atMost, prefetch, signal } = look
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  const fail = (error: unknown): void => failed.reject(operationError(error, { needs: 'read', ...look }))
  const onAbort = (): void => failed.reject(aborted(signal))
  signal?.addEventListener('abort', onAbort, { once: true })
  const working = new Set<Promise<void>>()
  const progress = new Progress(atMost)
  let channel: Channel | undefined
  try {
    channel = await channelFor(connection, look)
    channel.on('error', fail)
    channel.on('close', () => fail(new Error('It was closed.')))
    const taking = channel
    const onDelivery = (message: ConsumeMessage | null): void => {
      if (message === null) fail(new Error(`The broker ended the consumer of queue ${queue}.`))
      else if (progress.begin()) {
        const handled = (async () => await onMessage(message, taking))().then(() => progress.end(), fail)
        working.add(handled)
        void handled.then(() => working.delete(handled))
      }
    }
    const consuming = (async () => {
      progress.expect(await taking.checkQueue(queue))
      await taking.prefetch(prefetch)
      await taking.consume(queue, onDelivery)
    })()
    // A queue that is gone refuses the call, and the channel tells of it too: before that or after.
    const consumed = consuming.catch((error) => {
      fail(error)
      return failed.promise
    })
    await Promise.race([consumed, failed.promise])
    await Promise.race([untilThrough(taking, look, progress), failed.promise])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    progress.stop()
    // Of messages that are half dealt with, the end is waited for: it may be an ack.
    await within(Promise.all(working), CLOSE_TIMEOUT_MS)
    await closed(channel, queue)
  }
}

/** How many messages have come, and how many of them are dealt with. */
class Progress {
  readonly #atMost: number
  #begun = 0
  #ended = 0
  /** The number of messages that the queue had before this consumer; undefined when others might have held some. */
  #expected: number | undefined
  #isStopped = false

  constructor(atMost: number) {
    this.#atMost = atMost
  }

  /** Notes a reading that was taken before this consumer was there. It counts every message when nobody consumed. */
  expect({ messageCount, consumerCount }: { readonly messageCount: number; readonly consumerCount: number }): void {
    this.#expected = consumerCount === 0 ? messageCount : undefined
  }

  /** Counts a message that has come. Returns false for one that is not wanted any more. */
  begin(): boolean {
    if (this.#isStopped || this.#begun === this.#atMost) return false
    this.#begun += 1
    return true
  }

  /** Counts no further message. */
  stop(): void {
    this.#isStopped = true
  }

  end(): void {
    this.#ended += 1
  }

  get ended(): number {
    return this.#ended
  }

  get isThrough(): boolean {
    return this.#ended === this.#atMost
  }

  /** Whether it is known that some have not come. */
  get isExpecting(): boolean {
    return this.#expected !== undefined && this.#begun < this.#expected
  }

  /** Whether it is known that all have come that the queue had. */
  get hasAll(): boolean {
    return this.#expected !== undefined && this.#begun >= this.#expected
  }

  get isIdle(): boolean {
    return this.#ended === this.#begun
  }
}

/** The readings are on the channel of the deliveries, so that each comes after all that the queue had sent before it. */
async function untilThrough(channel: Channel, look: Look, progress: Progress): Promise<void> {
  let endedBefore = -1
  let movedAt = performance.now()
  for (let emptyReadings = 0; !progress.isThrough; ) {
    const { messageCount: ready, consumerCount: consumers } = await channel.checkQueue(look.queue)
    const hasMoved = progress.ended !== endedBefore
    endedBefore = progress.ended
    emptyReadings = ready === 0 && consumers > 0 && progress.isIdle && !hasMoved ? emptyReadings + 1 : 0
    // Messages that another consumer gave back a moment ago may be neither ready nor sent.
    if (emptyReadings >= 2) {
      if (consumers === 1 && progress.hasAll) return
      const mayCome = consumers === 1 && progress.isExpecting
      if (!mayCome || emptyReadings === LATE_READINGS) throw new HeldByOthers()
    }
    if (hasMoved) movedAt = performance.now()
    else if (performance.now() - movedAt > look.timeoutMs) throw progress.isIdle ? silent(look) : unsettled(look)
    await pause(POLL_MS, look.signal)
  }
}

function silent({ queue, address, timeoutMs }: Look): ProducerError {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${queue} at ${address} delivered nothing for ${timeoutMs} ms, and its leader did not say that it is empty.`,
    hint: 'This heals when the broker does: try again.',
    retryable: true,
    details: { queue, address, timeoutMs },
  })
}

function unsettled({ queue, address, timeoutMs }: Look): ProducerError {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `The broker at ${address} confirmed nothing for ${timeoutMs} ms while messages of queue ${queue} were copied.`,
    hint: 'Is it short of memory or disk? See rabbitmqctl status.',
    retryable: true,
    details: { queue, address, timeoutMs },
  })
}

/** Waited for, since it is the answer to the close that says that the messages are back. */
async function closed(channel: Channel | undefined, queue: string): Promise<void> {
  channel?.removeAllListeners('close')
  if (channel === undefined) return
  const closing = (async () => {
    // A channel that closes loses acks that a quorum queue has not answered; this answer comes after those.
    await channel.checkQueue(queue)
    await channel.close()
  })()
  // Of one that is closed already, amqplib throws.
  await within(closing, CLOSE_TIMEOUT_MS).catch(() => {})
}

/** Why a look does not know all: other consumers may hold messages, also others that look. */
export class HeldByOthers extends Error {}

/**
 * Tries again while others hold messages of the queue: each of two that look at the same time gives way for a moment, since
 * each may hold a part.
 *
 * @throws {ProducerError} `QUEUE_UNAVAILABLE` after `timeoutMs`
 */
export async function givingWay<T>(
  { queue, address, timeoutMs, signal }: Omit<Look, 'atMost' | 'prefetch'>,
  attempt: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  for (;;) {
    try {
      return await attempt()
    } catch (cause) {
      if (!(cause instanceof HeldByOthers)) throw cause
      if (performance.now() - startedAt > timeoutMs) {
        throw new ProducerError({
          code: 'QUEUE_UNAVAILABLE',
          message: `Other clients consume from queue ${queue} at ${address} and may hold messages of it, so nobody knows what is in it.`,
          hint: 'Try again when they have ended.',
          retryable: true,
          details: { queue, address, timeoutMs },
        })
      }
      await pause(Math.random() * GIVE_WAY_MS, signal)
    }
  }
}

const POLL_MS = 20
/** The number of readings that wait for messages that are on their way, or that another consumer took: a second in all. */
const LATE_READINGS = 50
const GIVE_WAY_MS = 500
const CLOSE_TIMEOUT_MS = 5_000
