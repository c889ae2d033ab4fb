import type { Channel, ConsumeMessage } from 'amqplib'

/**
 * Acks messages of a quorum queue a few at a time. A channel of the broker keeps acks back while 32 of its commands are under
 * way to the queue's leader, and loses those when it closes; the message is then delivered again.
 */
export class PacedAcks {
  readonly #queue: string
  readonly #waiting: { readonly message: ConsumeMessage; readonly channel: Channel; readonly settle: Settle }[] = []
  #isRunning = false

  constructor(queue: string) {
    this.#queue = queue
  }

  /** Resolves when the channel has answered after the ack. */
  ack(message: ConsumeMessage, channel: Channel): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, channel, settle: { resolve, reject } })
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, GROUP)
      try {
        for (const { message, channel } of group) channel.ack(message)
        await group[0]?.channel.checkQueue(this.#queue)
        for (const { settle } of group) settle.resolve()
      } catch (error) {
        for (const { settle } of group) settle.reject(error)
      }
    }
    this.#isRunning = false
  }
}

interface Settle {
  resolve(): void
  reject(error: unknown): void
}

const GROUP = 30
