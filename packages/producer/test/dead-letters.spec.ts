import { brokerUrl } from '@internal/testing/broker-url'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import {
  createMessage,
  createProducer,
  declareQueue,
  deleteQueue,
  enqueue,
  inspectQueue,
  listDeadLetters,
  purgeDeadLetters,
  requeueDeadLetters,
} from '../src/index.ts'

const url = (): string => brokerUrl()

const confirmed = (queue: TestQueue): Promise<void> => queue.publish()

/** A queue as declareQueue makes it, of which a client rejects the first `count` items. */
async function withDeadLetters(bodies: readonly string[]): Promise<TestQueue> {
  const queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  await enqueue(
    queue.name,
    bodies.map((body) => createMessage(body, { id: `id-${body}`, headers: { of: body }, priority: 3 })),
    { url: url() },
  )
  for (const _ of bodies) {
    const got = await queue.channel.get(queue.name)
    if (got === false) throw new Error('the queue is empty')
    queue.channel.reject(got, false)
  }
  // Dead letters travel at their own pace.
  await expect.poll(async () => (await queue.channel.checkQueue(`${queue.name}.dead`)).messageCount).toBe(bodies.length)
  return queue
}

test('listDeadLetters says what lies there and why, in order, and leaves it there however often it is called', async () => {
  await using queue = await withDeadLetters(['a', 'b', 'c'])
  for (let round = 0; round < 25; round++) {
    const found = await listDeadLetters(queue.name, { url: url() })
    expect(found.map(({ body }) => body.toString())).toEqual(['a', 'b', 'c'])
    expect(found[0]).toMatchObject({
      id: 'id-a',
      by: 'broker',
      reason: 'A client rejected it.',
      contentType: 'text/plain',
      headers: { of: 'a' },
      priority: 3,
    })
    expect(Object.keys(found[0]?.headers ?? {}), 'only what the publisher wrote').toEqual(['of'])
  }
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ ready: 0, verified: true, deadLetters: 3 })
})

test('listDeadLetters gives the reason of a worker that set an item aside', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  const headers = { 'x-podqueue-queue': queue.name, 'x-podqueue-reason': 'It is no fruit.', colour: 'grey' }
  queue.channel.publish('', `${queue.name}.dead`, Buffer.from('a stone'), { headers, persistent: true })
  await confirmed(queue)
  expect(await listDeadLetters(queue.name, { url: url() })).toMatchObject([
    { id: undefined, by: 'worker', reason: 'It is no fruit.', headers: { colour: 'grey' } },
  ])
})

test('listDeadLetters says which item of a batch with results it is, and never by the words of another client', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: url() })
  const view = producer.queue(queue.name)
  const { id } = await view.enqueue(['a', 'b'], { results: true })
  await queue.channel.get(queue.name)
  const second = await queue.channel.get(queue.name)
  if (second === false) throw new Error('the queue is empty')
  queue.channel.reject(second, false)
  const foreign = { replyTo: 'answers.results.of-another', correlationId: '7', persistent: true }
  await expect.poll(async () => (await queue.channel.checkQueue(`${queue.name}.dead`)).messageCount).toBe(1)
  queue.channel.publish('', `${queue.name}.dead`, Buffer.from('another'), foreign)
  await confirmed(queue)
  const [ours, theirs] = await view.listDeadLetters()
  expect(ours).toMatchObject({ id: `${id}-1`, batch: id, index: 1 })
  expect(theirs).not.toHaveProperty('index')
  await view.deleteBatch({ id })
})

test('listDeadLetters looks at no more than its limit, and finds none where there is no such queue', async () => {
  await using queue = await withDeadLetters(['a', 'b', 'c', 'd'])
  await using producer = createProducer({ url: url() })
  const found = await producer.listDeadLetters(queue.name, { limit: 2 })
  expect(found.map(({ body }) => body.toString())).toEqual(['a', 'b'])
  expect(await producer.listDeadLetters(queue.name)).toHaveLength(4)
  const next = await producer.listDeadLetters(queue.name, { skip: 1, limit: 2 })
  expect(next.map(({ body }) => body.toString())).toEqual(['b', 'c'])
  expect(await producer.listDeadLetters(queue.name, { skip: 4 })).toEqual([])
  expect(await producer.listDeadLetters('no-such-queue')).toEqual([])
})

test('several that look at the same time all see all', async () => {
  const bodies = Array.from({ length: 200 }, (_, index) => String(index))
  await using queue = await withDeadLetters(bodies)
  const looks = await Promise.all(Array.from({ length: 4 }, () => listDeadLetters(queue.name, { url: url() })))
  for (const look of looks) expect(look.map(({ body }) => body.toString()).toSorted()).toEqual(bodies.toSorted())
})

test('dead letters that come after the broker has answered a reading are not overlooked', async () => {
  await using queue = await withDeadLetters(['a', 'b'])
  const connection = await connect(url())
  try {
    const createChannel = connection.createChannel.bind(connection)
    connection.createChannel = async () => {
      const channel = await createChannel()
      const consume = channel.consume.bind(channel)
      // Longer than two readings take.
      channel.consume = (name, onMessage) => consume(name, (message) => void setTimeout(onMessage, 300, message))
      return channel
    }
    const look = await listDeadLetters(queue.name, { connection })
    expect(look.map(({ body }) => body.toString())).toEqual(['a', 'b'])
  } finally {
    await connection.close()
  }
})

test('inspectQueue never says that there are no dead letters while somebody looks at them', async () => {
  await using queue = await withDeadLetters(['a', 'b'])
  const holder = await connect(url())
  try {
    const channel = await holder.createChannel()
    await channel.prefetch(10)
    await channel.consume(`${queue.name}.dead`, () => {})
    expect(await inspectQueue(queue.name, { url: url(), verifyTimeoutMs: 300 })).toMatchObject({ verified: false })
    await expect(listDeadLetters(queue.name, { url: url(), verifyTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('Other clients consume'),
    })
  } finally {
    await holder.close()
  }
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ verified: true, deadLetters: 2 })
})

test.each([
  ['a delivery limit', { 'x-queue-type': 'quorum', 'x-delivery-limit': 3 }, /delivery limit of 3/],
  [
    'a length and a limit',
    { 'x-queue-type': 'quorum', 'x-max-length': 7, 'x-delivery-limit': 3 },
    /delivery limit of 3/,
  ],
  ['a length at which it drops', { 'x-queue-type': 'classic', 'x-max-length': 5 }, /drops messages/],
] as const)('a dead-letter queue with %s is not looked at, and can be requeued', async (_, args, why) => {
  await using queue = await testQueue()
  await queue.channel.deleteQueue(`${queue.name}.dead`)
  await queue.channel.assertQueue(`${queue.name}.dead`, { arguments: args })
  queue.channel.publish('', `${queue.name}.dead`, Buffer.from('a'), { messageId: '1' })
  await confirmed(queue)
  for (const look of [
    () => listDeadLetters(queue.name, { url: url() }),
    () => requeueDeadLetters(queue.name, { url: url(), ids: ['1'] }),
  ]) {
    await expect(look()).rejects.toMatchObject({ code: 'DEAD_LETTERS_LIMITED', message: expect.stringMatching(why) })
  }
  expect(await requeueDeadLetters(queue.name, { url: url() })).toEqual({ requeued: 1, alreadyDone: 0, notFound: [] })
  expect(await queue.drain()).toEqual(['a'])
})

test.each([
  ['a classic one', { 'x-queue-type': 'classic' }],
  ['one of no type that dead-letters on', { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': '5' }],
  [
    'one that refuses what does not fit',
    { 'x-queue-type': 'classic', 'x-max-length': 5, 'x-overflow': 'reject-publish' },
  ],
] as const)('a dead-letter queue of somebody else is looked at where that is safe: %s', async (_, args) => {
  await using queue = await testQueue(false)
  await queue.channel.assertQueue(`${queue.name}.dead`, { arguments: args })
  queue.channel.publish('', `${queue.name}.dead`, Buffer.from('a'))
  await confirmed(queue)
  expect(await listDeadLetters(queue.name, { url: url() })).toMatchObject([{ reason: 'The message does not say why.' }])
})

test('requeueDeadLetters puts all back, as they were published, and leaves none behind', async () => {
  const bodies = Array.from({ length: 1_000 }, (_, index) => String(index))
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  for (const body of bodies) {
    queue.channel.publish('', `${queue.name}.dead`, Buffer.from(body), {
      persistent: true,
      messageId: `id-${body}`,
      correlationId: 'c',
      headers: { of: body, 'x-podqueue-reason': 'It is no fruit.', 'x-podqueue-queue': queue.name },
    })
  }
  await confirmed(queue)
  expect(await requeueDeadLetters(queue.name, { url: url() })).toEqual({
    requeued: 1_000,
    alreadyDone: 0,
    notFound: [],
  })
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ ready: 1_000, deadLetters: 0, verified: true })
  const got = await queue.channel.get(queue.name)
  if (got === false) throw new Error('the queue is empty')
  expect(got.properties).toMatchObject({ messageId: 'id-0', correlationId: 'c', headers: { of: '0' }, deliveryMode: 2 })
  const { 'x-delivery-count': count, ...others } = got.properties.headers ?? {}
  expect({ count: count ?? 0, others }, 'as on a first delivery').toEqual({ count: 0, others: { of: '0' } })
  queue.channel.nack(got, false, true)
  expect((await queue.drain()).map(Number).toSorted((a, b) => a - b)).toEqual(bodies.map(Number))
})

test('requeueDeadLetters of some ids, or of a number, leaves the others where they are', async () => {
  await using queue = await withDeadLetters(['a', 'b', 'c', 'd'])
  await using producer = createProducer({ url: url() })
  expect(await producer.requeueDeadLetters(queue.name, { ids: ['id-c', 'id-x', 'id-a'] })).toEqual({
    requeued: 2,
    alreadyDone: 0,
    notFound: ['id-x'],
  })
  expect((await queue.drain()).toSorted()).toEqual(['a', 'c'])
  expect(await producer.requeueDeadLetters(queue.name, { limit: 1 })).toEqual({
    requeued: 1,
    alreadyDone: 0,
    notFound: [],
  })
  expect(await producer.inspectQueue(queue.name)).toMatchObject({ ready: 1, deadLetters: 1 })
})

test('requeueDeadLetters into a queue that is full keeps as dead letters what is not confirmed', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url(), type: 'classic', maxLength: 1 })
  for (const body of ['a', 'b', 'c']) queue.channel.publish('', `${queue.name}.dead`, Buffer.from(body))
  await confirmed(queue)
  await expect(requeueDeadLetters(queue.name, { url: url() })).rejects.toMatchObject({
    code: 'REQUEUE_INCOMPLETE',
    retryable: true,
    details: { queue: queue.name, requeued: 1 },
  })
  // The broker puts back the items of the call when it has heard that its channel is closed.
  const there: string[] = []
  const drain = async () => {
    there.push(...(await queue.drain()), ...(await queue.drain('dead')))
    return there.toSorted()
  }
  await expect.poll(drain).toEqual(['a', 'b', 'c'])
})

test('requeueDeadLetters without the queue is an error, and loses nothing', async () => {
  await using queue = await testQueue(false)
  await queue.channel.assertQueue(`${queue.name}.dead`)
  queue.channel.publish('', `${queue.name}.dead`, Buffer.from('a'))
  await confirmed(queue)
  await expect(requeueDeadLetters(queue.name, { url: url() })).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
  expect(await queue.drain('dead')).toEqual(['a'])
})

test('requeueDeadLetters that is ended by its signal leaves each item in one of the queues', async () => {
  const bodies = Array.from({ length: 1_000 }, (_, index) => String(index))
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  for (const body of bodies) queue.channel.publish('', `${queue.name}.dead`, Buffer.from(body), { persistent: true })
  await confirmed(queue)
  const ending = new AbortController()
  const requeue = requeueDeadLetters(queue.name, { url: url(), signal: ending.signal })
  await queue.until(({ ready }) => ready > 0)
  ending.abort()
  await requeue.catch((error) =>
    expect(error).toMatchObject({ code: 'REQUEUE_INCOMPLETE', cause: { code: 'ABORTED' } }),
  )
  const there = new Set<string>()
  const drain = async () => {
    for (const body of [...(await queue.drain()), ...(await queue.drain('dead'))]) there.add(body)
    return there.size
  }
  // The broker puts back the items of the call when it has heard that its channel is closed.
  await expect.poll(drain).toBe(1_000)
})

test('purgeDeadLetters says how many are gone', async () => {
  await using queue = await withDeadLetters(['a', 'b'])
  expect(await purgeDeadLetters(queue.name, { url: url() })).toEqual({ purged: 2 })
  expect(await purgeDeadLetters(queue.name, { url: url() })).toEqual({ purged: 0 })
  expect(await purgeDeadLetters('no-such-queue', { url: url() })).toEqual({ purged: 0 })
})

test('deleteQueue deletes a queue with its dead letters, and not while it holds items unless told', async () => {
  await using queue = await withDeadLetters(['a'])
  await using producer = createProducer({ url: url() })
  await expect(producer.deleteQueue(queue.name)).rejects.toMatchObject({
    code: 'QUEUE_NOT_EMPTY',
    message: expect.stringMatching(/\.dead at .* has 1 items and 0 consumers\. Nothing was deleted/),
  })
  await producer.enqueue(queue.name, ['b'])
  await expect(producer.deleteQueue(queue.name)).rejects.toMatchObject({
    code: 'QUEUE_NOT_EMPTY',
    details: { ready: 1 },
  })
  expect(await producer.inspectQueue(queue.name)).toMatchObject({ ready: 1, deadLetters: 1 })
  await producer.deleteQueue(queue.name, { discardItems: true })
  await expect(producer.inspectQueue(queue.name)).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
  await deleteQueue(queue.name, { url: url() })
})

test('deleteQueue does not cut off workers that hold the last items, unless told', async () => {
  await using queue = await testQueue(false)
  await declareQueue(queue.name, { url: url() })
  await queue.channel.consume(queue.name, () => {})
  await expect(deleteQueue(queue.name, { url: url() })).rejects.toMatchObject({
    code: 'QUEUE_NOT_EMPTY',
    details: { ready: 0, consumers: 1 },
  })
})

test.each([
  ['of the default limit', {}, 'podqueue; delivery-limit=5'],
  ['of another limit', { deliveryLimit: 7 }, 'podqueue; delivery-limit=7'],
  ['of another limit and length', { deliveryLimit: 9, maxLength: 100 }, 'podqueue; delivery-limit=9'],
  ['without a limit', { type: 'classic' }, 'podqueue'],
] as const)(
  'an item tells its worker the delivery limit of a queue that was there before: one %s',
  async (_, options, type) => {
    await using queue = await testQueue(false)
    await declareQueue(queue.name, { url: url(), ...options })
    const own = await connect(url())
    try {
      // By frames of our own, and by the public interface of amqplib.
      await enqueue(queue.name, ['a'], { url: url() })
      await enqueue(queue.name, ['b'], { connection: own })
      for (const body of ['a', 'b']) {
        const got = await queue.channel.get(queue.name, { noAck: true })
        if (got === false) throw new Error('the queue is empty')
        expect([got.content.toString(), got.properties.type]).toEqual([body, type])
      }
    } finally {
      await own.close()
    }
  },
)
