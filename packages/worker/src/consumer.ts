import { operationFault } from '@internal/amqp'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { WorkerError } from './errors.ts'

/**
 * One consumer with prefetch 1 on a channel of its own: at most one item is ever in hand. Everything that ends the hold
 * on the item, the channel, the connection, the broker's cancel, arrives at `lost`.
 */
export class Consumer {
  readonly #channel: Channel
  readonly #queue: string
  readonly #address: string
  readonly #lost = new AbortController()
  #tag: string | undefined
  #delivery: ConsumeMessage | undefined
  #wake: () => void = () => {}

  private constructor(channel: Channel, queue: string, address: string) {
    this.#channel = channel
    this.#queue = queue
    this.#address = address
    let cause: unknown
    channel.on('error', (error) => {
      cause = error
    })
    channel.on('close', () =>
      this.#lose(operationFault(cause ?? new Error('it was closed'), { queue, address }).message),
    )
  }

  static async open(model: ChannelModel, queue: string, address: string): Promise<Consumer> {
    const channel = await model.createChannel()
    const consumer = new Consumer(channel, queue, address)
    await channel.prefetch(1)
    return consumer
  }

  /** Aborts with a `LEASE_LOST` error when the hold on an item, or the place in the queue, is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get consuming(): boolean {
    return this.#tag !== undefined
  }

  get delivery(): ConsumeMessage | undefined {
    return this.#delivery
  }

  /** Begins to consume. @throws amqplib's error when the broker refuses */
  async start(): Promise<void> {
    const { consumerTag } = await this.#channel.consume(this.#queue, (message) => {
      if (message === null)
        return this.#lose('the broker cancelled the consumer: the queue was deleted, or the item took too long')
      this.#delivery = message
      this.#wake()
    })
    this.#tag = consumerTag
  }

  /** Stops consuming. An item that arrived meanwhile is in `delivery`. */
  async stop(): Promise<void> {
    const tag = this.#tag
    this.#tag = undefined
    if (tag !== undefined) await this.#channel.cancel(tag)
  }

  /** The item, or undefined when none came in time, or ever will. */
  async next(timeoutMs: number, signal: AbortSignal | undefined): Promise<ConsumeMessage | undefined> {
    if (this.#delivery !== undefined || this.lost.aborted || signal?.aborted === true) return this.#delivery
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = Number.isFinite(timeoutMs) ? setTimeout(resolve, timeoutMs) : undefined
    signal?.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
    return this.#delivery
  }

  /**
   * Settles the item in the same write that cancels the consumer, cancel first, so that the broker never delivers a next
   * one that would have to go back. Then a round trip on the same channel: the broker closes a channel whose ack it does
   * not accept, and a plain close would not tell.
   */
  async settle(how: 'ack' | 'reject' | 'release'): Promise<void> {
    const message = this.#delivery
    if (message === undefined) throw new Error('there is no item to settle')
    const cancelled = this.stop()
    if (how === 'ack') this.#channel.ack(message)
    else if (how === 'reject') this.#channel.reject(message, true)
    // Counted as a failure by `reject`; not by `nack`, on RabbitMQ 4.3
    // (https://github.com/rabbitmq/rabbitmq-server/issues/15387).
    else this.#channel.nack(message, false, true)
    await cancelled
    await this.#channel.prefetch(1)
  }

  #lose(why: string): void {
    this.#tag = undefined
    this.#lost.abort(
      new WorkerError({
        code: 'LEASE_LOST',
        message: `the hold on queue ${this.#queue} was lost: ${why}`,
        hint: 'The broker gives the item to another worker. See its log, and consumer_timeout if the item took long.',
        retryable: true,
        details: { queue: this.#queue, address: this.#address },
      }),
    )
    this.#wake()
  }
}
