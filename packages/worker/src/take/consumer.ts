import { operationFault } from '@internal/amqp'
import type { Channel, ConsumeMessage } from 'amqplib'
import { ACK } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'

/** An answer to a delivery: done, failed (counted by the broker), or given back (uncounted on RabbitMQ 4.3). */
export type Answer = 'ack' | 'reject' | 'release'

/**
 * One consumer on a channel of its own. At most as many items as its prefetch are ever in hand. Everything that ends the
 * hold on them, the channel, the connection, the broker's cancel, arrives at `lost`.
 */
export class Consumer {
  readonly #channel: Channel
  readonly #queue: string
  readonly #address: string
  readonly #lost = new AbortController()
  readonly #waiting: ConsumeMessage[] = []
  #prefetch = 0
  #tag: string | undefined
  #arrived: () => void = () => {}
  #lastSent: { readonly message: ConsumeMessage; readonly how: Answer } | undefined
  #settled = false
  readonly #onConsuming: () => void

  /** @param onConsuming hears each time the broker has let it consume */
  constructor(channel: Channel, queue: string, address: string, onConsuming: () => void) {
    this.#onConsuming = onConsuming
    this.#channel = channel
    this.#queue = queue
    this.#address = address
    let cause: unknown
    channel.on('error', (error) => {
      cause = error
    })
    channel.on('close', () => {
      if (this.#settled) return
      const fault = operationFault(cause ?? new Error('It was closed.'), { queue, address })
      this.#lose(`The hold on queue ${queue} was lost. ${fault.message}`, cause)
    })
  }

  /** Aborts with a `LEASE_LOST` error when the hold on the items, or the place in the queue, is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get consuming(): boolean {
    return this.#tag !== undefined
  }

  /** How many items this consumer may have in hand. */
  get prefetch(): number {
    return this.#prefetch
  }

  /** Whether an item has arrived that nobody has taken over yet. */
  get hasArrived(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes over an item that has arrived. */
  shift(): ConsumeMessage | undefined {
    return this.#waiting.shift()
  }

  /** Calls the listener at each arrival and at the loss; there is one listener at a time. */
  onArrival(listener: () => void): void {
    this.#arrived = listener
  }

  /** Begins to consume; does nothing while it does. @throws amqplib's error when the broker refuses */
  start(prefetch: number): Promise<void> {
    this.#started ??= this.#start(prefetch)
    return this.#started
  }
  #started: Promise<void> | undefined

  async #start(prefetch: number): Promise<void> {
    this.#prefetch = prefetch
    // Not awaited by itself: the next request goes out with it, or behind it.
    const limited = this.#channel.prefetch(prefetch)
    limited.catch(() => {})
    const { consumerTag } = await this.#channel.consume(this.#queue, (message) => {
      if (message === null) {
        return this.#lose(
          `The hold on queue ${this.#queue} was lost: the broker cancelled the consumer, since the queue was deleted or the item took too long.`,
        )
      }
      this.#waiting.push(message)
      this.#arrived()
    })
    this.#onConsuming()
    if (!this.lost.aborted) this.#tag = consumerTag
  }

  /**
   * Stops consuming. What arrived meanwhile is there to be taken over.
   *
   * The answer to the cancel does not prove that: a quorum queue gives it before its leader has heard of the cancel, and an
   * item may be on its way, a large one for long. It has passed when the channel answers a request made after that.
   */
  async stop(): Promise<void> {
    if (await this.#cancel()) await this.#channel.prefetch(this.#prefetch)
  }

  /** The request alone is made when this returns; resolves to whether there was something to cancel. */
  async #cancel(): Promise<boolean> {
    const tag = this.#tag
    this.#tag = undefined
    this.#started = undefined
    if (tag === undefined) return false
    await this.#channel.cancel(tag)
    return true
  }

  /**
   * Stops consuming for an idle moment. An item that arrives just then would be held without a consumer, which others cannot
   * see on a classic queue: it goes back, and consuming goes on. Resolves to whether it stopped.
   */
  async standAside(): Promise<boolean> {
    await this.stop()
    if (!this.hasArrived) return true
    for (let message = this.shift(); message !== undefined; message = this.shift()) {
      this.#channel.nack(message, false, true)
    }
    await this.start(this.#prefetch)
    return false
  }

  /** Waits until an item has arrived, the time is over, the hold is lost, or the signal aborts. */
  async next(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.hasArrived || this.lost.aborted || signal?.aborted === true) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.onArrival(wake)
    const timer = Number.isFinite(timeoutMs) ? setTimeout(wake, timeoutMs) : undefined
    signal?.addEventListener('abort', wake, { once: true })
    await promise
    clearTimeout(timer)
    signal?.removeEventListener('abort', wake)
    this.onArrival(() => {})
  }

  /** Answers a delivery. Whether the broker's channel takes it, {@link barrier} tells. */
  answer(message: ConsumeMessage, how: Answer): void {
    if (how === 'ack') this.#channel.ack(message)
    else if (how === 'reject') this.#channel.reject(message, true)
    // Counted as a failure by `reject`; not by `nack`, on RabbitMQ 4.3
    // (https://github.com/rabbitmq/rabbitmq-server/issues/15387).
    else this.#channel.nack(message, false, true)
    this.#lastSent = { message, how }
    this.#publish(message, how, 'sent')
  }

  /**
   * A round trip on the channel of the answers: the broker closes a channel whose ack it does not accept, and a plain
   * close would not tell (https://github.com/amqp-node/amqplib/issues/353).
   */
  async barrier(): Promise<void> {
    const last = this.#lastSent
    await this.#channel.prefetch(this.#prefetch)
    this.#lastSent = undefined
    if (last !== undefined) this.#publish(last.message, last.how, 'accepted')
  }

  /**
   * Answers in the same write that cancels the consumer, cancel first, so that the broker never delivers a next item that
   * would have to go back. All requests have been made when it returns; it resolves once the channel has taken the answer. The
   * answer to the cancel is not waited for: a channel that refuses the cancel takes nothing after it.
   */
  async settle(message: ConsumeMessage, how: Answer): Promise<void> {
    const cancelled = this.#cancel()
    cancelled.catch(() => {})
    this.answer(message, how)
    await this.barrier()
    // What ends from now on takes no item with it.
    this.#settled = true
  }

  #publish(message: ConsumeMessage, how: Answer, phase: 'sent' | 'accepted'): void {
    if (ACK.hasSubscribers) ACK.publish({ queue: this.#queue, messageId: message.properties.messageId, how, phase })
  }

  #lose(message: string, cause?: unknown): void {
    this.#tag = undefined
    this.#lost.abort(
      new WorkerError({
        code: 'LEASE_LOST',
        message,
        hint: 'The broker gives the item to another worker. See its log, and consumer_timeout if the item took long.',
        retryable: true,
        details: { queue: this.#queue, address: this.#address },
        cause,
      }),
    )
    this.#arrived()
  }
}
