import { type Channel, type ChannelModel, connect } from 'amqplib'
import { brokerUrl } from './broker-url.ts'
import { uniqueName } from './unique-name.ts'

/** A queue of one test's own, seen by a client that is not podqueue, and deleted with its dead letters at the end. */
export interface TestQueue extends AsyncDisposable {
  readonly name: string
  readonly channel: Channel
  /** Puts bodies into it, in order, and waits until they are there. */
  publish(...bodies: readonly (string | Buffer)[]): Promise<void>
  /** Takes everything out of it, or of its dead-letter queue: the bodies in order. */
  drain(of?: 'queue' | 'dead'): Promise<string[]>
  /** Waits until its number of ready items and consumers is as asked. */
  until(condition: (reading: { ready: number; consumers: number }) => boolean): Promise<void>
}

/** Opens a client; `declare` says how the queue is declared by it, and `false` that somebody else does. */
export async function testQueue(
  declare: 'quorum' | 'classic' | false = 'quorum',
  {
    url = brokerUrl(),
    arguments: given = {},
  }: { readonly url?: string; readonly arguments?: Readonly<Record<string, unknown>> } = {},
): Promise<TestQueue> {
  const connection: ChannelModel = await connect(url, { noDelay: true })
  connection.on('error', () => {})
  const channel = await connection.createConfirmChannel()
  const name = uniqueName('test')
  if (declare !== false) {
    const limit = declare === 'quorum' ? { 'x-delivery-limit': 5 } : {}
    const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': `${name}.dead` }
    await channel.assertQueue(`${name}.dead`, { arguments: { 'x-queue-type': declare } })
    await channel.assertQueue(name, { arguments: { 'x-queue-type': declare, ...limit, ...deadLetters, ...given } })
  }
  return {
    name,
    channel,
    publish: async (...bodies) => {
      for (const body of bodies) channel.publish('', name, Buffer.from(body), { persistent: true })
      await channel.waitForConfirms()
    },
    drain: async (of = 'queue') => {
      const bodies: string[] = []
      for (;;) {
        const got = await channel.get(of === 'dead' ? `${name}.dead` : name, { noAck: true })
        if (got === false) return bodies
        bodies.push(got.content.toString())
      }
    },
    until: async (condition) => {
      const deadline = performance.now() + 30_000
      for (;;) {
        const { messageCount: ready, consumerCount: consumers } = await channel.checkQueue(name)
        if (condition({ ready, consumers })) return
        if (performance.now() > deadline) throw new Error(`the queue stayed at ${ready} ready, ${consumers} consumers`)
      }
    },
    [Symbol.asyncDispose]: async () => {
      const cleaner = await connection.createChannel().catch(() => undefined)
      await cleaner?.deleteQueue(name)
      await cleaner?.deleteQueue(`${name}.dead`)
      // A broker that a test stopped has closed it already.
      await connection.close().catch(() => {})
    },
  }
}
