import type { ConsumeMessage } from 'amqplib'
import { WorkerError } from '../errors.ts'
import { late, within } from '../handle/deadline.ts'
import { doItem, type ItemEnd, unconfirmedError } from '../handle/do-item.ts'
import type { Handler } from '../handle/handler.ts'
import type { Lease } from '../handle/lease.ts'
import type { ResolvedManyOptions } from '../options.ts'
import type { Consumer } from '../take/consumer.ts'
import type { Tally } from './tally.ts'

/** So long without an item is the time to ask whether the answers so far were taken. */
const LULL_MS = 20

/** Works on all items that one consumer has in hand at the same time. */
export class Crew {
  readonly #handler: Handler
  readonly #consumer: Consumer
  readonly #lease: Lease
  readonly #tally: Tally
  readonly #options: ResolvedManyOptions
  readonly #stopping = new AbortController()
  /** Ends the waits before failed items go back. */
  readonly #hurry: AbortSignal
  #inHand = 0
  #stop: unknown
  #rest: () => void = () => {}

  constructor(handler: Handler, consumer: Consumer, lease: Lease, tally: Tally, options: ResolvedManyOptions) {
    this.#handler = handler
    this.#consumer = consumer
    this.#lease = lease
    this.#tally = tally
    this.#options = options
    this.#hurry = AbortSignal.any([lease.signal, this.#stopping.signal])
  }

  /**
   * Works until nothing is in hand and the broker's channel has taken every answer. Takes no more once `over` aborts.
   * Resolves to what ended the run early, if anything did.
   */
  async work(over: AbortSignal): Promise<unknown> {
    const stopTaking = (): void => this.#stopTaking()
    const ends = [over, ...(this.#lease.ending === undefined ? [] : [this.#lease.ending])]
    for (const end of ends) {
      if (end.aborted) stopTaking()
      else end.addEventListener('abort', stopTaking, { once: true })
    }
    do {
      await this.#untilLull()
      // What the broker sent before it heard of the cancel arrives before its answer.
      if (!this.#consumer.consuming) {
        await this.#cancelAnswered()
        await this.#untilLull()
      }
    } while (this.#consumer.hasArrived)
    for (const end of ends) end.removeEventListener('abort', stopTaking)
    const unanswered = await this.#allAnswersTaken()
    return this.#stop ?? unanswered
  }

  /**
   * Works on what arrives until nothing is in hand and nothing more comes: at once where no more is taken, else after a
   * lull. One timer and one promise for all items, which may be thousands a second.
   */
  async #untilLull(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const endIfIdle = (): void => {
      if (this.#inHand === 0) resolve()
    }
    const timer = setTimeout(endIfIdle, LULL_MS)
    const { signal } = this.#lease
    this.#rest = () => {
      if (!this.#consumer.consuming || signal.aborted) resolve()
      else timer.refresh()
    }
    signal.addEventListener('abort', endIfIdle, { once: true })
    this.#consumer.onArrival(() => this.#pickUp())
    this.#pickUp()
    await promise
    this.#consumer.onArrival(() => {})
    signal.removeEventListener('abort', endIfIdle)
    clearTimeout(timer)
  }

  #pickUp(): void {
    for (let message = this.#consumer.shift(); message !== undefined; message = this.#consumer.shift()) {
      this.#inHand += 1
      void this.#one(message)
    }
    if (this.#inHand === 0) this.#rest()
  }

  async #one(message: ConsumeMessage): Promise<void> {
    try {
      const end = await doItem(this.#handler, message, this.#lease, this.#options, this.#hurry)
      this.#settle(message, end)
    } catch (error) {
      this.#endRun(error)
    }
    this.#inHand -= 1
    if (this.#inHand === 0) this.#rest()
  }

  #settle(message: ConsumeMessage, end: ItemEnd<unknown>): void {
    if (end.type === 'lost' || this.#lease.lost.aborted) {
      this.#endRun(end.type === 'lost' ? end.error : this.#lease.lost.reason)
      return
    }
    const { maxConsecutiveFailures, queue } = this.#options
    const tally = this.#tally
    if (end.type === 'done') tally.done += 1
    if (end.type === 'dead-lettered') tally.deadLettered += 1
    if (end.answer === 'ack') tally.consecutiveFailures = 0
    if (end.type === 'failed') {
      tally.failed += 1
      tally.consecutiveFailures += 1
      const { code, message: said, cause, details } = end.error
      this.#options.logger.warn({ queue, messageId: details.messageId, code, err: cause }, said)
      if (end.answer === 'release') this.#endRun(end.error)
      else if (tally.consecutiveFailures >= maxConsecutiveFailures)
        this.#endRun(tooManyFailures(queue, tally, end.error))
    }
    if (end.type === 'released') this.#endRun(end.error)
    // Before the answer, in its write: as soon as it has that, the broker may send the next.
    if (this.#consumer.prefetch > tally.left || this.#stop !== undefined) this.#stopTaking()
    this.#consumer.answer(message, end.answer)
  }

  #endRun(error: unknown): void {
    this.#stop ??= error
    this.#stopping.abort()
    this.#stopTaking()
  }

  #stopTaking(): void {
    this.#cancelled = this.#consumer.consuming ? this.#consumer.stop() : this.#cancelled
    this.#cancelled.catch(() => {})
  }
  #cancelled: Promise<void> = Promise.resolve()

  async #cancelAnswered(): Promise<void> {
    await within(this.#cancelled, this.#options.settleTimeoutMs).catch(() => {})
  }

  async #allAnswersTaken(): Promise<unknown> {
    const { queue, settleTimeoutMs } = this.#options
    let cause: unknown
    const taken = await within(this.#consumer.barrier(), settleTimeoutMs).catch((error) => {
      cause = error
    })
    if (this.#lease.lost.aborted) return this.#lease.lost.reason
    if (taken === late || cause !== undefined) return unconfirmedError(queue, 'answers', settleTimeoutMs, cause)
    return undefined
  }
}

function tooManyFailures(queue: string, { consecutiveFailures }: Tally, last: WorkerError): WorkerError {
  return new WorkerError({
    code: 'TOO_MANY_FAILURES',
    message: `${consecutiveFailures} attempts in a row failed on queue ${queue}; the last: ${last.message}`,
    hint: 'It looks as if this worker can do nothing. Their items are back in the queue for another.',
    retryable: true,
    details: { queue },
    cause: last.cause,
  })
}
