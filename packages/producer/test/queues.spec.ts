import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { declareQueue, enqueue, inspectQueue } from '../src/index.ts'

const url = (): string => brokerUrl()

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
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({ ready: 0, consumers: 0, verified: true, dead: 0 })
  await enqueue(queue.name, ['a', 'b'], { url: url() })
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({ ready: 2, consumers: 0, verified: true, dead: 0 })
  await queue.channel.prefetch(1)
  await queue.channel.consume(queue.name, () => {})
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 1)
  expect(await inspectQueue(queue.name, { url: url() })).toEqual({ ready: 1, consumers: 1, verified: true, dead: 0 })
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
