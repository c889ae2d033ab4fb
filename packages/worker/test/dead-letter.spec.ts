import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { connect, type Options } from 'amqplib'
import { afterEach, expect, test, vi } from 'vitest'
import { consumeOne, DeadLetterError } from '../src/index.ts'
import { failureOf, options } from './call.ts'

afterEach(() => void vi.unstubAllEnvs())

const hopeless = (): never => {
  throw new DeadLetterError('It is not a video.')
}

test.each(['quorum', 'classic'] as const)(
  'DeadLetterError puts an item of a %s queue aside at once, with its reason',
  async (type) => {
    await using queue = await testQueue(type)
    queue.channel.publish('', queue.name, Buffer.from('x'), { messageId: 'id-1', headers: { tenant: 't' } })
    await queue.publish('y')
    expect(await consumeOne(hopeless, options(queue.name))).toEqual({
      status: 'dead-lettered',
      reason: 'It is not a video.',
    })
    await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
    const dead = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
    expect(dead).toMatchObject({
      content: Buffer.from('x'),
      properties: {
        messageId: 'id-1',
        deliveryMode: 2,
        headers: { tenant: 't', 'x-podqueue-queue': queue.name, 'x-podqueue-reason': 'It is not a video.' },
      },
    })
  },
)

test('without a dead-letter queue the item goes back, and the error says so', async () => {
  await using queue = await testQueue()
  await queue.publish('x')
  await queue.channel.deleteQueue(`${queue.name}.dead`)
  const error = await failureOf(consumeOne(hopeless, options(queue.name)))
  expect(error).toMatchObject({ code: 'DEAD_LETTER_FAILED', retryable: true })
  expect(error.message).toContain(`${queue.name}.dead`)
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
  expect(await queue.drain()).toEqual(['x'])
})

test.each<[string, (queue: string) => Options.Publish]>([
  ['CC of its own queue', (queue) => ({ CC: [queue] })],
  ['BCC of its own queue', (queue) => ({ BCC: [queue] })],
  ['an expiration', () => ({ expiration: 3_600_000 })],
  ['a user id', () => ({ userId: new URL(brokerUrl()).username })],
  ['forged counts', () => ({ headers: { 'x-delivery-count': 99, 'x-acquired-count': 99 } })],
  ['a forged x-death', () => ({ headers: { 'x-death': 'nonsense' } })],
])('a message with %s is set aside once, and nowhere else', async (_, properties) => {
  await using queue = await testQueue()
  queue.channel.publish('', queue.name, Buffer.from('x'), { ...properties(queue.name), persistent: true })
  await queue.until(({ ready }) => ready >= 1)
  let first: number | undefined
  const outcome = await consumeOne((item) => {
    first = item.deliveryCount
    hopeless()
  }, options(queue.name))
  expect(outcome.status).toBe('dead-lettered')
  expect(first).toBe(1)
  const dead = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
  expect(dead).toMatchObject({ content: Buffer.from('x'), properties: { userId: undefined, expiration: undefined } })
  expect(await queue.drain('dead')).toEqual([])
  expect(await queue.drain()).toEqual([])
})

test('on a connection of the app that came without an address, an item cannot be set aside, and goes back', async () => {
  await using queue = await testQueue()
  await queue.publish('x')
  vi.stubEnv('BROKER_URL', '')
  const connection = await connect(brokerUrl())
  try {
    const error = await failureOf(consumeOne(hopeless, { queue: queue.name, connection, emptyCheckDelayMs: 200 }))
    expect(error).toMatchObject({ code: 'DEAD_LETTER_FAILED' })
    expect(await consumeOne((item) => item.text(), { queue: queue.name, connection, emptyCheckDelayMs: 200 })).toEqual({
      status: 'done',
      result: 'x',
    })
    expect(await consumeOne(() => {}, { queue: queue.name, connection, emptyCheckDelayMs: 200 })).toEqual({
      status: 'empty',
    })
    // It is still open.
    await (await connection.createChannel()).close()
  } finally {
    await connection.close()
  }
})

test.each<[string, Options.Publish['headers'], readonly string[]]>([
  ['a header of 65,480 bytes', { big: 'x'.repeat(65_480), small: 'kept' }, ['big']],
  ['headers that are too large together', { a: 'x'.repeat(45_000), b: Buffer.alloc(20_450), small: 'kept' }, ['a']],
])('an item with %s is set aside without the largest, and says so', async (_, headers, leftOut) => {
  await using queue = await testQueue()
  queue.channel.publish('', queue.name, Buffer.from('x'), { headers, messageId: 'id-1' })
  await queue.until(({ ready }) => ready === 1)
  const said: string[] = []
  const logger = { info: () => {}, warn: (_: object, text: string) => void said.push(text) }
  expect(await consumeOne(hopeless, { ...options(queue.name), logger })).toMatchObject({ status: 'dead-lettered' })
  expect(said).toEqual([expect.stringMatching(new RegExp(`Item id-1 .* lacks: ${leftOut.join(', ')}\\.$`))])
  const dead = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
  expect(dead).toMatchObject({ content: Buffer.from('x') })
  const kept = dead === false ? {} : (dead.properties.headers ?? {})
  expect(kept).toMatchObject({ small: 'kept', 'x-podqueue-reason': 'It is not a video.' })
  for (const name of leftOut) expect(kept).not.toHaveProperty(name)
})

test('numbers that amqplib decodes and cannot encode again stay in the dead letter', async () => {
  await using queue = await testQueue()
  const double = (value: number): object => ({ '!': 'double', value })
  const headers = { low: double(-1e300), list: [double(-(2 ** 70))], table: { half: double(2 ** 51 + 0.5) }, whole: 7 }
  queue.channel.publish('', queue.name, Buffer.from('x'), { headers })
  await queue.until(({ ready }) => ready === 1)
  expect(await consumeOne(hopeless, options(queue.name))).toMatchObject({ status: 'dead-lettered' })
  const dead = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
  const kept = dead === false ? {} : dead.properties.headers
  expect(kept).toMatchObject({ low: -1e300, list: [-(2 ** 70)], table: { half: 2 ** 51 + 0.5 }, whole: 7 })
})
