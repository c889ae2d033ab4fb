import { EventEmitter } from 'node:events'

interface Stored {
  readonly content: Buffer
  readonly properties: Record<string, unknown>
  deliveries: number
}

interface Consumer {
  readonly tag: string
  readonly queue: string
  readonly channel: MemoryChannel
  readonly deliver: (message: unknown) => void
}

/** The state that all channels of one connection share. */
class Store {
  readonly queues = new Map<string, Stored[]>()
  readonly consumers = new Set<Consumer>()
}

/** A connection of an app to a broker in memory, as far as the packages use amqplib's connections and channels. */
export class MemoryConnection extends EventEmitter {
  readonly connection = { stream: { writable: true }, serverProperties: { product: 'RabbitMQ', version: '4.0.5' } }
  readonly #store = new Store()

  /** @param messages are in the queue `q` at the start */
  constructor(messages: readonly { readonly content: Buffer; readonly properties: Record<string, unknown> }[] = []) {
    super()
    this.on('error', () => {})
    this.#store.queues.set(
      'q',
      messages.map((message) => ({ ...message, deliveries: 0 })),
    )
  }

  async createChannel(): Promise<MemoryChannel> {
    return new MemoryChannel(this.#store)
  }

  async createConfirmChannel(): Promise<MemoryChannel> {
    return new MemoryChannel(this.#store)
  }

  async close(): Promise<void> {}
}

class MemoryChannel extends EventEmitter {
  readonly #store: Store
  readonly #held = new Map<number, { readonly queue: string; readonly message: Stored }>()
  #published = 0
  #delivered = 0
  #prefetch = 0

  constructor(store: Store) {
    super()
    this.#store = store
  }

  async assertQueue(queue: string): Promise<object> {
    if (!this.#store.queues.has(queue)) this.#store.queues.set(queue, [])
    return await this.checkQueue(queue)
  }

  async checkQueue(queue: string): Promise<object> {
    const messages = this.#store.queues.get(queue)
    if (messages === undefined) throw this.#notFound(queue)
    const consumerCount = [...this.#store.consumers].filter((consumer) => consumer.queue === queue).length
    return { queue, messageCount: messages.length, consumerCount }
  }

  #notFound(queue: string): Error {
    const error = Object.assign(
      new Error(
        `Operation failed: QueueDeclare; 404 (NOT-FOUND) with message "NOT_FOUND - no queue '${queue}' in vhost '/'"`,
      ),
      { code: 404, classId: 50, methodId: 10 },
    )
    setImmediate(() => {
      this.emit('error', error)
      this.emit('close')
    })
    return error
  }

  publish(
    _exchange: string,
    queue: string,
    content: Buffer,
    properties: Record<string, unknown>,
    confirm?: (error: unknown) => void,
  ): boolean {
    const tag = ++this.#published
    const messages = this.#store.queues.get(queue)
    messages?.push({ content, properties, deliveries: 0 })
    setImmediate(() => {
      if (messages === undefined) this.emit('return', { fields: { replyCode: 312 }, properties, content })
      this.emit('ack', { deliveryTag: tag, multiple: false })
      confirm?.(null)
      this.#deliverAll()
    })
    return true
  }

  async waitForConfirms(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  async get(queue: string): Promise<unknown> {
    const message = this.#store.queues.get(queue)?.shift()
    return message === undefined ? false : this.#delivery(queue, message)
  }

  async deleteQueue(queue: string): Promise<object> {
    const messageCount = this.#store.queues.get(queue)?.length ?? 0
    this.#store.queues.delete(queue)
    return { messageCount }
  }

  async purgeQueue(queue: string): Promise<object> {
    const messageCount = this.#store.queues.get(queue)?.splice(0).length ?? 0
    return { messageCount }
  }

  async prefetch(count: number): Promise<object> {
    this.#prefetch = count
    this.#deliverAll()
    return {}
  }

  async consume(
    queue: string,
    deliver: (message: unknown) => void,
    options: { consumerTag?: string } = {},
  ): Promise<object> {
    if (!this.#store.queues.has(queue)) throw this.#notFound(queue)
    const tag = options.consumerTag ?? `tag-${Math.random()}`
    this.#store.consumers.add({ tag, queue, channel: this, deliver })
    setImmediate(() => this.#deliverAll())
    return { consumerTag: tag }
  }

  async cancel(tag: string): Promise<object> {
    for (const consumer of this.#store.consumers) if (consumer.tag === tag) this.#store.consumers.delete(consumer)
    return { consumerTag: tag }
  }

  ack({ fields: { deliveryTag } }: { fields: { deliveryTag: number } }): void {
    this.#held.delete(deliveryTag)
    setImmediate(() => this.#deliverAll())
  }

  nack({ fields: { deliveryTag } }: { fields: { deliveryTag: number } }, _all = false, requeue = true): void {
    this.#giveBack(deliveryTag, requeue)
    setImmediate(() => this.#deliverAll())
  }

  reject(message: { fields: { deliveryTag: number } }, requeue = true): void {
    this.nack(message, false, requeue)
  }

  async close(): Promise<void> {
    for (const consumer of this.#store.consumers) if (consumer.channel === this) this.#store.consumers.delete(consumer)
    for (const tag of [...this.#held.keys()]) this.#giveBack(tag, true)
    setImmediate(() => this.emit('close'))
  }

  #giveBack(tag: number, requeue: boolean): void {
    const held = this.#held.get(tag)
    this.#held.delete(tag)
    // As a quorum queue with a delivery limit of 3, without dead letters.
    if (held !== undefined && requeue && held.message.deliveries < 3)
      this.#store.queues.get(held.queue)?.unshift(held.message)
  }

  #deliverAll(): void {
    for (const { channel, queue, deliver } of this.#store.consumers) {
      const messages = this.#store.queues.get(queue) ?? []
      while (messages.length > 0 && (channel.#prefetch === 0 || channel.#held.size < channel.#prefetch)) {
        const message = messages.shift()
        if (message !== undefined) deliver(channel.#delivery(queue, message))
      }
    }
  }

  #delivery(queue: string, message: Stored): object {
    const deliveryTag = ++this.#delivered
    this.#held.set(deliveryTag, { queue, message })
    message.deliveries += 1
    const { headers = {}, ...properties } = message.properties
    const counted = { ...(headers as object), 'x-delivery-count': message.deliveries - 1 }
    return {
      content: message.content,
      fields: {
        deliveryTag,
        redelivered: message.deliveries > 1,
        consumerTag: 'tag',
        exchange: '',
        routingKey: queue,
        messageCount: 0,
      },
      properties: { ...properties, headers: counted },
    }
  }
}
