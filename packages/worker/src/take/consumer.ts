import { operationFault } from '@internal/amqp'
import { within } from '@internal/async'
import type { Channel, ConsumeMessage } from 'amqplib'
import { ACK } from '../diagnostics.ts'
import { WorkerError } from '../errors.ts'

/** An answer to a delivery: done, failed (counted by the broker), or given back (uncounted on RabbitMQ 4.3). */
export type Answer = 'ack' | 'reject' | 'release'

/** The surroundings of a {@link Consumer}. */
interface ConsumerContext {
  readonly queue: string
  /** The broker, for messages. */
  readonly address: string
  /** Called each time the broker has accepted the consumer. */
  onConsuming(): void
  /** The error that ended the connection, if it has ended. */
  lostBy(): unknown
}

/**
 * One consumer on a channel of its own. It never holds more items than its prefetch. `lost` aborts when the hold on them
 * ends: with the channel, with the connection, or by the broker's cancel.
 */
export class Consumer {
  readonly #channel: Channel
  readonly #queue: string
  readonly #address: string
  readonly #onConsuming: () => void
  readonly #lost = new AbortController()
  readonly #waiting: ConsumeMessage[] = []
  #prefetch = 0
  #tag: string | undefined
  #started: Promise<void> | undefined
  #lastDelivery = 0
  #arrived: () => void = () => {}
  #lastSent: { readonly message: ConsumeMessage; readonly how: Answer } | undefined
  #hasAnswered = false
  #isEnded = false

  constructor(channel: Channel, { queue, address, onConsuming, lostBy }: ConsumerContext) {
    this.#channel = channel
    this.#queue = queue
    this.#address = address
    this.#onConsuming = onConsuming
    let cause: unknown
    channel.on('error', (error) => {
      cause = error
    })
    channel.on('close', () => {
      // Most channels close because their work is done, which needs no words.
      if (this.#isEnded) return
      cause ??= lostBy()
      const fault = operationFault(cause ?? new Error('It was closed.'), { queue, address })
      this.#lose(`The hold on queue ${queue} was lost. ${fault.message}`, cause)
    })
    // amqplib forgets a consumer as soon as its cancel is answered, but a quorum queue may deliver after that, and the
    // broker may cancel. These events come for every frame, before amqplib looks for the consumer's callback.
    channel.prependListener('delivery', (message: ConsumeMessage) => this.#arrive(message))
    channel.prependListener('cancel', () => this.#cancelledByBroker())
  }

  /** Aborts with a `LEASE_LOST` error when the hold on the items, or the place in the queue, is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get consuming(): boolean {
    return this.#tag !== undefined
  }

  /** How many items this consumer may hold. */
  get prefetch(): number {
    return this.#prefetch
  }

  /** Whether the broker has taken an answer to an item: this connection was of use. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  /** Whether an item has arrived that is not taken over yet. */
  get hasArrived(): boolean {
    return this.#waiting.length > 0
  }

  /** Takes over an item that has arrived. */
  shift(): ConsumeMessage | undefined {
    return this.#waiting.shift()
  }

  /** Calls the listener at each arrival and at the loss. There is one listener at a time. */
  onArrival(listener: () => void): void {
    this.#arrived = listener
  }

  /** Begins to consume. Does nothing while it does. @throws amqplib's error when the broker refuses */
  start(prefetch: number): Promise<void> {
    this.#started ??= this.#start(prefetch)
    return this.#started
  }

  async #start(prefetch: number): Promise<void> {
    this.#prefetch = prefetch
    // Not awaited by itself: amqplib sends the next request as soon as this one is answered. The channel closes when the
    // broker refuses it.
    this.#channel.prefetch(prefetch).catch(() => {})
    const { consumerTag } = await this.#channel.consume(this.#queue, (message) => {
      if (message === null) this.#cancelledByBroker()
      else this.#arrive(message)
    })
    this.#onConsuming()
    if (!this.lost.aborted) this.#tag = consumerTag
  }

  /**
   * Stops consuming. Items that arrived meanwhile can be taken over.
   *
   * The answer to the cancel does not prove that nothing more arrives: a quorum queue gives it before its leader has heard of
   * the cancel, and a large item takes time. Everything has passed when the channel answers a request made after that.
   */
  async stop(): Promise<void> {
    if (await this.#cancel()) await this.#channel.prefetch(this.#prefetch)
  }

  /** Sends the cancel before it returns. Resolves to whether there was something to cancel. */
  async #cancel(): Promise<boolean> {
    const tag = this.#tag
    this.#tag = undefined
    this.#started = undefined
    if (tag === undefined) return false
    await this.#channel.cancel(tag)
    return true
  }

  /**
   * Stops consuming for an idle moment. An item that arrives just then would be held without a consumer, which other workers
   * cannot see on a classic queue: it goes back, and consuming goes on. Resolves to whether it stopped.
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
    this.onArrival(resolve)
    try {
      await within(promise, timeoutMs, signal)
    } catch {
      // The caller looks at its signal.
    } finally {
      this.onArrival(() => {})
    }
  }

  /** Answers a delivery. {@link barrier} tells whether the broker's channel took the answer. */
  answer(message: ConsumeMessage, how: Answer): void {
    if (how === 'ack') this.#channel.ack(message)
    else if (how === 'reject') this.#channel.reject(message, true)
    // `reject` counts as a failure; `nack` does not, on RabbitMQ 4.3
    // (https://github.com/rabbitmq/rabbitmq-server/issues/15387).
    else this.#channel.nack(message, false, true)
    this.#lastSent = { message, how }
    this.#publish(message, how, 'sent')
  }

  /**
   * A round trip on the channel of the answers. The broker closes a channel whose ack it does not accept, and a plain close
   * would not tell (https://github.com/amqp-node/amqplib/issues/353).
   */
  async barrier(): Promise<void> {
    const last = this.#lastSent
    await this.#channel.prefetch(this.#prefetch)
    this.#lastSent = undefined
    if (last === undefined) return
    this.#hasAnswered = true
    this.#publish(last.message, last.how, 'accepted')
  }

  /**
   * Cancels the consumer and answers its item, in this order and one behind the other, so that the broker never delivers a
   * next item that would have to go back. Resolves once the channel has taken both.
   */
  async settle(message: ConsumeMessage, how: Answer): Promise<void> {
    const cancelled = this.#cancel()
    cancelled.catch(() => {})
    this.answer(message, how)
    await Promise.all([cancelled, this.barrier()])
  }

  /** To be called when nothing is held any more: the end of the channel is then no loss. */
  end(): void {
    this.#isEnded = true
  }

  /** Each delivery is announced twice: by the channel's event, and to the callback while amqplib knows the consumer. */
  #arrive(message: ConsumeMessage): void {
    if (message.fields.deliveryTag <= this.#lastDelivery) return
    this.#lastDelivery = message.fields.deliveryTag
    this.#waiting.push(message)
    this.#arrived()
  }

  #cancelledByBroker(): void {
    const queue = this.#queue
    this.#lose(
      `The hold on queue ${queue} was lost: the broker cancelled the consumer, because the queue was deleted or the item took too long.`,
    )
  }

  #publish(message: ConsumeMessage, how: Answer, phase: 'sent' | 'accepted'): void {
    if (!ACK.hasSubscribers) return
    const { messageId } = message.properties
    ACK.publish({
      queue: this.#queue,
      address: this.#address,
      messageId,
      delivery: message.fields,
      how,
      phase,
    })
  }

  #lose(message: string, cause?: unknown): void {
    if (this.#isEnded || this.lost.aborted) return
    this.#tag = undefined
    this.#lost.abort(
      new WorkerError({
        code: 'LEASE_LOST',
        message,
        hint: 'The broker gives the item to another worker. See the log of the broker, and its consumer_timeout if the item took long.',
        retryable: true,
        details: { queue: this.#queue, address: this.#address },
        cause,
      }),
    )
    this.#arrived()
  }
}
