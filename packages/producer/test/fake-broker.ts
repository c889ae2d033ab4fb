import { EventEmitter } from 'node:events'
import type { AmqpConnection } from '@internal/amqp'
import { HEADER } from '@internal/contract'
import type { Link } from '../src/connection/link.ts'

/** The answers that a broker may give to one publish. */
export type Answer = 'ack' | 'nack' | 'return' | 'lose' | 'lose-after-taking' | 'hold'

/** A broker in memory, as far as `enqueue` uses one, that answers by a script and else acks. */
export class FakeBroker {
  readonly #script: Answer[]
  /** Bodies in the queue, with how often. */
  readonly queue: Map<string, number> = new Map()
  connections = 0

  constructor(script: readonly Answer[]) {
    this.#script = [...script]
  }

  /** A link that opens as many connections as are asked for. */
  link(): Link {
    let connection: AmqpConnection | undefined
    return {
      shown: 'amqp://fake',
      vhost: '/',
      reconnects: true,
      blocked: undefined,
      lost: undefined,
      open: async () => {
        connection ??= this.#connect(() => {
          connection = undefined
        })
        return connection
      },
      onChange: () => () => {},
      separate: () => undefined,
      close: async () => {},
    }
  }

  #connect(onLost: () => void): AmqpConnection {
    this.connections += 1
    const operations = { checkQueue: async () => ({}), close: async () => {} }
    return Object.assign(new EventEmitter(), {
      connection: { serverProperties: {} },
      createChannel: async () => Object.assign(new EventEmitter(), operations),
      createConfirmChannel: async () => this.#confirmChannel(onLost),
    })
  }

  #confirmChannel(onLost: () => void): EventEmitter {
    const channel = new EventEmitter()
    let tag = 0
    let firstOpen = 1
    let isLost = false
    const publish = (
      _exchange: string,
      _key: string,
      content: Buffer,
      options: { messageId: string; headers: object },
    ): boolean => {
      tag += 1
      const mine = tag
      setImmediate(() => {
        if (isLost) return
        const answer = this.#script.shift() ?? 'ack'
        const taken = answer === 'ack' || answer === 'lose-after-taking' || answer === 'hold'
        if (taken) this.queue.set(String(content), (this.queue.get(String(content)) ?? 0) + 1)
        if (answer === 'lose' || answer === 'lose-after-taking') {
          isLost = true
          onLost()
          channel.emit('close')
        } else if (answer === 'return') {
          const { messageId, headers } = options
          channel.emit('return', {
            properties: { messageId, headers: { [HEADER.sequence]: Reflect.get(headers, HEADER.sequence) } },
          })
          channel.emit('ack', { deliveryTag: mine, multiple: false })
        } else if (answer === 'nack') channel.emit('nack', { deliveryTag: mine, multiple: false })
        else if (answer === 'ack') {
          // All messages that were held back are confirmed with it, as brokers do.
          channel.emit('ack', { deliveryTag: mine, multiple: firstOpen < mine })
          firstOpen = mine + 1
        } else setImmediate(() => isLost || channel.emit('ack', { deliveryTag: mine, multiple: false }))
      })
      return true
    }
    return Object.assign(channel, { publish, close: async () => {} })
  }
}
