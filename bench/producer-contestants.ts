import { AMQPClient } from '@cloudamqp/amqp-client'
import { enqueue } from '@podqueue/producer'
import { connect as managedConnect } from 'amqp-connection-manager'
import { connect } from 'amqplib'
import { Connection } from 'rabbitmq-client'
import rascal from 'rascal'

/** One library's best way to publish a list of bodies to a queue, persistent, until all are confirmed. */
export interface Publisher {
  readonly name: string
  /** The share of the items that it gets, when all would take minutes: only the rate is compared. Default: all. */
  readonly share?: number
  publish(url: string, queue: string, bodies: readonly string[]): Promise<void>
}

/** Unconfirmed at once in libraries that give a promise a message: the same as podqueue's default. */
const WINDOW = 2_000

export const PUBLISHERS: readonly Publisher[] = [
  {
    name: 'podqueue',
    publish: async (url, queue, bodies) => {
      await enqueue(queue, bodies, { url })
    },
  },
  {
    name: 'amqplib, raw',
    publish: async (url, queue, bodies) => {
      const connection = await connect(url, { noDelay: true })
      const channel = await connection.createConfirmChannel()
      for (const body of bodies) {
        if (channel.sendToQueue(queue, Buffer.from(body), { persistent: true })) continue
        await new Promise((resolve) => channel.once('drain', resolve))
      }
      await channel.waitForConfirms()
      await connection.close()
    },
  },
  {
    name: 'rabbitmq-client',
    publish: async (url, queue, bodies) => {
      const connection = new Connection(url)
      const publisher = connection.createPublisher({ confirm: true })
      await inWindow(bodies, (body) => publisher.send({ routingKey: queue, durable: true }, Buffer.from(body)))
      await publisher.close()
      await connection.close()
    },
  },
  {
    name: '@cloudamqp/amqp-client',
    publish: async (url, queue, bodies) => {
      const client = new AMQPClient(url)
      const connection = await client.connect()
      const channel = await connection.channel()
      await channel.confirmSelect()
      await inWindow(bodies, (body) => channel.basicPublish('', queue, body, { deliveryMode: 2 }))
      await connection.close()
    },
  },
  {
    name: 'amqp-connection-manager',
    publish: async (url, queue, bodies) => {
      const connection = managedConnect([url])
      const channel = connection.createChannel({ confirm: true })
      await channel.waitForConnect()
      await inWindow(bodies, (body) => channel.sendToQueue(queue, Buffer.from(body), { persistent: true }))
      await channel.close()
      await connection.close()
    },
  },
  {
    name: 'rascal',
    share: 0.1,
    publish: async (url, queue, bodies) => {
      const broker = await rascal.BrokerAsPromised.create(
        rascal.withDefaultConfig({
          vhosts: {
            '/': {
              connection: { url },
              publications: {
                items: { exchange: '', routingKey: queue, confirm: true, options: { persistent: true } },
              },
            },
          },
        }),
      )
      broker.on('error', () => {})
      await inWindow(bodies, async (body) => {
        const publication = await broker.publish('items', body)
        await new Promise((resolve, reject) => {
          publication.once('success', resolve)
          publication.once('error', reject)
          publication.once('return', reject)
        })
      })
      await broker.shutdown()
    },
  },
]

/** Calls `send` for every body with at most a window of them unsettled, and waits for all. */
async function inWindow(bodies: readonly string[], send: (body: string) => Promise<unknown>): Promise<void> {
  let open = 0
  let failure: unknown
  let wake: (() => void) | undefined
  const settled = (): void => {
    open -= 1
    if (open <= WINDOW / 2) wake?.()
  }
  for (const body of bodies) {
    open += 1
    send(body).then(settled, (error) => {
      failure ??= error
      settled()
    })
    if (open < WINDOW) continue
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    wake = undefined
  }
  while (open > 0) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  if (failure !== undefined) throw failure
}
