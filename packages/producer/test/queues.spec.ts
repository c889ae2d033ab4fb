import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { declareQueue, enqueue, inspectQueue } from '../src/index.ts'
import { unsupported } from '../src/queue/queue-arguments.ts'
import { parseVersion } from '../src/queue/server-version.ts'

const url = (): string => brokerUrl()

async function serverOf(address: string): Promise<object> {
  const connection = await connect(address)
  await connection.close()
  return connection.connection.serverProperties
}

test('declareQueue twice is the same as once', async () => {
  await using queue = await testQueue(false)
  const declared = await declareQueue(queue.name, { url: url() })
  expect(declared).toEqual({ queue: queue.name, deadLetterQueue: `${queue.name}.dead` })
  expect(await declareQueue(queue.name, { url: url() })).toEqual(declared)
})

test('declareQueue on a queue with other arguments names the difference', async () => {
  await using queue = await testQueue('classic')
  await expect(declareQueue(queue.name, { url: url() })).rejects.toMatchObject({
    code: 'QUEUE_MISMATCH',
    message: expect.stringMatching(/x-queue-type|x-dead-letter-strategy|x-overflow|x-delivery-limit/),
  })
})

test('the dead-letter queue is there first: also when the queue itself cannot be declared', async () => {
  await using queue = await testQueue(false)
  await queue.channel.assertQueue(queue.name, { arguments: { 'x-queue-type': 'classic' } })
  await expect(declareQueue(queue.name, { url: url() })).rejects.toMatchObject({ code: 'QUEUE_MISMATCH' })
  expect(await queue.channel.checkQueue(`${queue.name}.dead`)).toMatchObject({ messageCount: 0 })
})

test('declareQueue with another delivery limit says yours and the server’s', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url(), deliveryLimit: 7 })
  await expect(declareQueue(queue.name, { url: url(), deliveryLimit: 8 })).rejects.toMatchObject({
    code: 'QUEUE_MISMATCH',
    message: expect.stringMatching(/another x-delivery-limit: yours is 8, the server's is 7\./),
    details: { argument: 'x-delivery-limit', yours: '8', server: '7' },
  })
})

test.each(['quorum', 'classic'] as const)('a full %s queue nacks, and drops nothing that is in it', async (type) => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url(), type, maxLength: 5 })
  const items = Array.from({ length: 30 }, (_, index) => String(index))
  const error = await enqueue(queue.name, items, { url: url(), window: 1 }).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'NOT_ALL_CONFIRMED', counts: { total: 30 } })
  expect(error.counts.nacked).toBeGreaterThan(0)
  expect(error.counts.confirmed + error.counts.nacked).toBe(30)
  expect((await queue.drain()).length).toBe(error.counts.confirmed)
})

test.each([
  ['messageTtlMs', 1_000, /drops work/],
  ['messageTtl', 1_000, /drops work/],
  ['overflow', 'drop-head', /drops work/],
  ['autoDelete', true, /delete the queue/],
  ['durable', false, /always true/],
  ['expires', 1_000, /deletes the queue/],
  ['exclusive', true, /keep the workers out/],
] as const)('declareQueue refuses %s and says why', async (name, value, reason) => {
  await expect(declareQueue('q', { url: url(), [name]: value } as object)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringMatching(reason),
  })
})

test('a consumer timeout is taken where this version heeds it, and else refused with the version that does', async () => {
  await using queue = await testQueue(false)
  const { version } = (await serverOf(url())) as { version: string }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const heeds = major > 3 || minor >= 12
  const declared = declareQueue(queue.name, { url: url(), consumerTimeoutMs: 120_000 })
  if (heeds) await expect(declared).resolves.toMatchObject({ queue: queue.name })
  else
    await expect(declared).rejects.toMatchObject({
      code: 'UNSUPPORTED_BY_BROKER',
      message: expect.stringMatching(/3\.12/),
    })
})

test.each([
  ['3.9.0', {}, /3\.10/],
  ['3.10.8', { consumerTimeoutMs: 120_000 }, /3\.12/],
  ['4.0.5', { consumerTimeoutMs: 1_000 }, /60000/],
  ['4.3.0', { consumerTimeoutMs: 1_000, type: 'classic' }, /4\.3/],
] as const)('on RabbitMQ %s, %o is refused with what it lacks', (version, options, lack) => {
  expect(unsupported(options, parseVersion(version)).join(' ')).toMatch(lack)
})

test.each([
  ['3.10.8', {}],
  ['4.0.5', { consumerTimeoutMs: 60_000, type: 'classic' }],
  ['4.3.6', { consumerTimeoutMs: 1_000 }],
] as const)('on RabbitMQ %s, %o is fine', (version, options) => {
  expect(unsupported(options, parseVersion(version))).toEqual([])
})

test('an item that fails more often than the limit goes to the dead-letter queue', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url(), deliveryLimit: 2 })
  await enqueue(queue.name, ['poison'], { url: url() })
  let deliveries = 0
  for (;;) {
    const got = await queue.channel.get(queue.name)
    if (got === false) {
      const { messageCount } = await queue.channel.checkQueue(`${queue.name}.dead`)
      if (messageCount === 1) break
      continue
    }
    deliveries += 1
    queue.channel.reject(got, true)
  }
  expect(deliveries, 'a limit of 2 is three deliveries').toBe(3)
  expect(await queue.drain('dead')).toEqual(['poison'])
})

test('a classic queue has dead letters and no limit', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url(), type: 'classic' })
  await enqueue(queue.name, ['a'], { url: url() })
  const got = await queue.channel.get(queue.name)
  if (got === false) throw new Error('the queue is empty')
  queue.channel.reject(got, false)
  await expect.poll(() => queue.drain('dead')).toEqual(['a'])
})

test('inspectQueue counts what waits, who consumes, and what was given up', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({
    ready: 0,
    consumers: 0,
    verified: true,
    deadLetters: 0,
  })
  await enqueue(queue.name, ['a', 'b'], { url: url() })
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({
    ready: 2,
    consumers: 0,
    verified: true,
    deadLetters: 0,
  })
  await queue.channel.prefetch(1)
  await queue.channel.consume(queue.name, () => {})
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 1)
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({
    ready: 1,
    consumers: 1,
    verified: true,
    deadLetters: 0,
  })
})

test('inspectQueue of a queue that does not exist is an error, not an empty one', async () => {
  await expect(inspectQueue('no-such-queue', { url: url() })).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
})

test.each([
  ['empty', ''],
  ['too long for its dead-letter queue', 'é'.repeat(126)],
  ["the broker's own", 'amq.work'],
])('a queue name that is %s is refused', async (_, name) => {
  await expect(declareQueue(name, { url: url() })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})

test('a delivery limit on a classic queue is refused, since nothing would count it', async () => {
  await expect(declareQueue('q', { url: url(), type: 'classic', deliveryLimit: 3 })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining('deliveryLimit'),
  })
})
