import { within } from '@internal/async'
import type { ConsumeMessage } from 'amqplib'
import { doItem } from '../handle/do-item.ts'
import type { Handler } from '../handle/handler.ts'
import type { ItemEnd } from '../handle/item-end.ts'
import type { Lease } from '../handle/lease.ts'
import type { ResolvedManyOptions } from '../options/resolve-options.ts'
import { confirm } from '../take/confirm.ts'
import type { Consumer } from '../take/consumer.ts'
import type { Tally } from './tally.ts'

/** After this time without an item, the pool asks whether the broker took the answers so far, milliseconds. */
const IDLE_MS = 20

/** Works on all items that one consumer holds, at the same time. */
export class Pool {
  readonly #handler: Handler
  readonly #consumer: Consumer
  readonly #lease: Lease
  readonly #tally: Tally
  readonly #options: ResolvedManyOptions
  readonly #stopping = new AbortController()
  /** Ends the waits before failed items go back. */
  readonly #endWaits: AbortSignal
  #inHand = 0
  #stop: unknown
  #cancelled: Promise<void> = Promise.resolve()
  #onNothingInHand: () => void = () => {}

  constructor(handler: Handler, consumer: Consumer, lease: Lease, tally: Tally, options: ResolvedManyOptions) {
    this.#handler = handler
    this.#consumer = consumer
    this.#lease = lease
    this.#tally = tally
    this.#options = options
    this.#endWaits = AbortSignal.any([lease.signal, this.#stopping.signal])
  }

  /**
   * Works until nothing is in hand and the broker's channel has taken every answer. Takes no more items once `over` aborts.
   * Resolves to the error that ended the run early, if there was one.
   */
  async work(over: AbortSignal): Promise<unknown> {
    const stopTaking = (): void => this.#stopTaking()
    const ends = [over, ...(this.#lease.ending === undefined ? [] : [this.#lease.ending])]
    for (const end of ends) {
      if (end.aborted) stopTaking()
      else end.addEventListener('abort', stopTaking, { once: true })
    }
    do {
      await this.#untilIdle()
      // Everything that the broker sent before it heard of the cancel arrives before its answer.
      if (!this.#consumer.consuming) {
        await this.#cancelAnswered()
        await this.#untilIdle()
      }
    } while (this.#consumer.hasArrived)
    for (const end of ends) end.removeEventListener('abort', stopTaking)
    try {
      await confirm(this.#consumer, 'answers', this.#consumer.barrier(), this.#options)
    } catch (error) {
      return this.#stop ?? error
    }
    return this.#stop
  }

  /**
   * Works on the items that arrive until nothing is in hand and nothing more comes: at once where no more is taken, else after
   * {@link IDLE_MS}. One timer and one promise serve all items, which may be thousands a second.
   */
  async #untilIdle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const endIfIdle = (): void => {
      if (this.#inHand === 0) resolve()
    }
    const timer = setTimeout(endIfIdle, IDLE_MS)
    const { signal } = this.#lease
    this.#onNothingInHand = () => {
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
    if (this.#inHand === 0) this.#onNothingInHand()
  }

  async #one(message: ConsumeMessage): Promise<void> {
    try {
      const end = await doItem(this.#handler, message, this.#lease, this.#options, this.#endWaits)
      this.#settle(message, end)
    } catch (error) {
      this.#endRun(error)
    }
    this.#inHand -= 1
    if (this.#inHand === 0) this.#onNothingInHand()
  }

  #settle(message: ConsumeMessage, end: ItemEnd<unknown>): void {
    if (end.type === 'lost' || this.#lease.lost.aborted) {
      this.#endRun(end.type === 'lost' ? end.error : this.#lease.lost.reason)
      return
    }
    const stop = this.#tally.count(end, this.#options)
    if (end.type === 'failed') {
      const { code, message: said, cause } = end.error
      const { messageId } = message.properties
      this.#options.logger.warn({ queue: this.#options.queue, messageId, code, err: cause }, said)
    }
    if (stop !== undefined) this.#endRun(stop)
    // Before the answer, and in its write: as soon as the broker has that, it may send the next item.
    if (this.#consumer.prefetch > this.#tally.left || this.#stop !== undefined) this.#stopTaking()
    this.#consumer.answer(message, end.answer)
  }

  #endRun(error: unknown): void {
    this.#stop ??= error
    this.#stopping.abort()
    this.#stopTaking()
  }

  #stopTaking(): void {
    if (this.#consumer.consuming) this.#cancelled = this.#consumer.stop()
    this.#cancelled.catch(() => {})
  }

  async #cancelAnswered(): Promise<void> {
    await within(this.#cancelled, this.#options.ackTimeoutMs).catch(() => {})
  }
}
