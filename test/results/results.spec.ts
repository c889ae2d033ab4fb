import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import {
  collectResults,
  createProducer,
  deleteBatch,
  enqueue,
  type ItemResult,
  inspectQueue,
  type ProducerError,
  requeueDeadLetters,
} from '@podqueue/producer'
import { consumeMany, consumeOne, DeadLetterError, type Handler } from '@podqueue/worker'
import { connect } from 'amqplib'
import { expect, onTestFinished, test } from 'vitest'
import { blockingFront } from './blocking-front.ts'

const url = (): string => brokerUrl()
const work = (queue: TestQueue, handler: Handler, more: object = {}) =>
  consumeMany(handler, {
    queue: queue.name,
    url: url(),
    emptyCheckDelayMs: 200,
    concurrency: 8,
    maxConsecutiveFailures: 99,
    ...more,
  })

/** Collects all, by index. Fails when an item is yielded twice. */
async function collected<T>(results: AsyncIterable<ItemResult<T>>): Promise<Map<number, ItemResult<T>>> {
  const found = new Map<number, ItemResult<T>>()
  for await (const item of results) {
    expect(found.has(item.index), `item ${item.index} is yielded once`).toBe(false)
    found.set(item.index, item)
  }
  return found
}

const logIsThere = async (queue: TestQueue, id: string): Promise<boolean> =>
  await inspectQueue(`${queue.name}.results.${id}`, { url: url() }).then(
    () => true,
    (error: ProducerError) => error.code !== 'QUEUE_NOT_FOUND',
  )

test('what handlers return comes back, each item once, whatever its type, and the log is deleted then', async () => {
  await using queue = await testQueue(false)
  const items = ['json', 'text', 'bytes', 'nothing', 'null']
  const batch = await enqueue(queue.name, items, { url: url(), results: true })
  const values: Record<string, unknown> = { json: { score: 7 }, text: 'é', bytes: Buffer.from([0xff, 0]), null: null }
  await work(queue, (item) => {
    expect(item).toMatchObject({ wantsResult: true, id: expect.stringContaining(`${batch.id}-`) })
    return values[item.text()]
  })
  const found = await collected(collectResults(batch, { url: url() }))
  expect(items.map((_, index) => found.get(index))).toMatchObject([
    { status: 'done', value: { score: 7 } },
    { status: 'done', value: 'é' },
    { status: 'done', value: Buffer.from([0xff, 0]) },
    { status: 'done', value: undefined },
    { status: 'done', value: null },
  ])
  expect(found.size).toBe(5)
  expect(await logIsThere(queue, batch.id)).toBe(false)
})

// Most of these are waits, so they take place at the same time.
test.concurrent('an item that cannot be done comes back with its last failure, at once or in its last delivery', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['stone', 'poison', 'huge', 'cyclic', 'apple'], { url: url(), results: true })
  const handler: Handler = (item) => {
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    switch (item.text()) {
      case 'stone':
        throw new DeadLetterError('It is no fruit.')
      case 'poison':
        throw new Error('It is too hard.')
      case 'huge':
        return 'x'.repeat(101)
      case 'cyclic':
        return cyclic
      default:
        return 'peeled'
    }
  }
  await work(queue, handler, { maxResultBytes: 100 })
  const found = await collected(collectResults(batch, { url: url() }))
  expect([...found.values()].toSorted((a, b) => a.index - b.index)).toMatchObject([
    { status: 'dead-lettered', reason: 'It is no fruit.', lastFailure: { attempts: 1 } },
    { status: 'dead-lettered', reason: 'It is too hard.', lastFailure: { message: 'It is too hard.', attempts: 6 } },
    { status: 'dead-lettered', reason: expect.stringContaining('larger than the 100 bytes') },
    { status: 'dead-lettered', reason: expect.stringContaining('refers back to an object') },
    { status: 'done', value: 'peeled' },
  ])
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ ready: 0, deadLetters: 4 })
})

test.concurrent('a batch of no items ends at once, and one whose items were purged, or left behind by their run, ends with an error', async () => {
  await using queue = await testQueue(false)
  const none = await enqueue(queue.name, [], { url: url(), results: true })
  expect((await collected(collectResults(none, { url: url() }))).size).toBe(0)
  const lost = await enqueue(queue.name, ['a'], { url: url(), results: true })
  await queue.drain()
  await using other = await testQueue(false)
  const left = await enqueue(other.name, ['a', 'b'], { url: url(), results: true })
  // Both wait for as long as a dead letter may be on its way.
  const ends = [
    collected(collectResults(lost, { url: url() })),
    collected(collectResults(left, { url: url(), run: Promise.resolve() })),
  ]
  const missing = (batch: { readonly id: string }, count: number) => ({
    status: 'rejected',
    reason: { code: 'RESULTS_MISSING', details: { batch: batch.id, missing: count } },
  })
  expect(await Promise.allSettled(ends)).toMatchObject([missing(lost, 1), missing(left, 2)])
  for (const batch of [lost, left]) await deleteBatch(batch, { url: url() })
})

test.concurrent('an item that the broker itself dead-letters is found among the dead letters', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a', 'b'], { url: url(), results: true })
  const got = await queue.channel.get(queue.name)
  if (got === false) throw new Error('the queue is empty')
  queue.channel.reject(got, false)
  await work(queue, (item) => item.text())
  const found = await collected(collectResults(batch, { url: url() }))
  expect([found.get(0), found.get(1)]).toMatchObject([
    { status: 'dead-lettered', reason: 'A client rejected it.' },
    { status: 'done', value: 'b' },
  ])
})

test.concurrent('an item that the broker dead-letters is found although workers wait for more items', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a', 'b'], { url: url(), results: true })
  const got = await queue.channel.get(queue.name)
  if (got === false) throw new Error('the queue is empty')
  queue.channel.reject(got, false)
  const ending = new AbortController()
  const working = work(queue, (item) => item.text(), { empty: 'wait', signal: ending.signal }).catch(({ code }) => code)
  const found = await collected(collectResults(batch, { url: url() }))
  expect([found.get(0), found.get(1)]).toMatchObject([
    { status: 'dead-lettered', reason: 'A client rejected it.' },
    { status: 'done', value: 'b' },
  ])
  ending.abort()
  expect(await working).toBe('ABORTED')
})

test('a collector that ends half-way goes on behind its last item, and one that begins again sees all', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: url() })
  const batch = await producer.enqueue(
    queue.name,
    Array.from({ length: 50 }, (_, index) => index),
    { results: true },
  )
  await work(queue, (item) => item.json())
  const seen: ItemResult<number>[] = []
  for await (const item of producer.collectResults<number>(batch)) {
    seen.push(item)
    if (seen.length === 20) break
  }
  const after = seen.at(-1)?.offset ?? 0
  const rest = await collected(
    producer.collectResults<number>({ queue: queue.name, id: batch.id }, { after, keep: true }),
  )
  expect(rest.size).toBe(30)
  expect(new Set([...seen.map(({ index }) => index), ...rest.keys()]).size).toBe(50)
  const again = await Promise.all([1, 2].map(() => collected(producer.collectResults(batch, { keep: true }))))
  for (const all of again) expect(all.size).toBe(50)
  await producer.deleteBatch(batch)
  await expect(collected(producer.collectResults(batch))).rejects.toMatchObject({ code: 'BATCH_NOT_FOUND' })
})

test('a worker whose batch was deleted acks its item, and a collector of it ends with an error', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a', 'b'], { url: url(), results: true })
  const collecting = collected(collectResults(batch, { url: url() }))
  const ended = collecting.catch((error: unknown) => error)
  await work(
    queue,
    async (item) => {
      if (item.text() === 'a') await deleteBatch(batch, { url: url() })
      return 'done'
    },
    { concurrency: 1 },
  )
  expect(await ended).toMatchObject({ code: 'BATCH_NOT_FOUND' })
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ ready: 0, deadLetters: 0 })
})

test('collecting ends with the error of the run that does the items, and the results stay', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a', 'b'], { url: url(), results: true })
  const failed = new Error('The image cannot be pulled.')
  const run = Promise.withResolvers<void>()
  const collecting = collected(collectResults(batch, { url: url(), run: run.promise }))
  run.reject(failed)
  await expect(collecting).rejects.toBe(failed)
  await work(queue, (item) => item.text())
  // A run that fails behind its last item, as one that counts dead letters does.
  const late = Promise.withResolvers<void>()
  const seen: number[] = []
  const all = (async () => {
    for await (const { index } of collectResults(batch, { url: url(), run: late.promise })) {
      seen.push(index)
      if (seen.length === 2) setImmediate(() => late.reject(failed))
    }
  })()
  await expect(all).rejects.toBe(failed)
  expect(seen.toSorted()).toEqual([0, 1])
  expect(await logIsThere(queue, batch.id)).toBe(true)
  expect((await collected(collectResults(batch, { url: url(), run: Promise.resolve() }))).size).toBe(2)
  expect(await logIsThere(queue, batch.id)).toBe(false)
})

test('a result after a dead letter that was put back is no second one, and items without results are acked as before', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a'], { url: url(), results: true })
  await work(queue, () => {
    throw new DeadLetterError('not now')
  })
  await requeueDeadLetters(queue.name, { url: url() })
  await enqueue(queue.name, ['plain'], { url: url() })
  await queue.publish('foreign')
  // Queues of others, each named as the place of an answer: one by the fields of podqueue, one by the name of a log, one by neither.
  const others = [`other${queue.name}.results.x`, `${queue.name}.results.x`, `${queue.name}.answers`]
  for (const replyTo of others) {
    await queue.channel.assertQueue(replyTo, { exclusive: true })
    const type = replyTo.startsWith('other') ? 'podqueue' : 'rpc'
    queue.channel.publish('', queue.name, Buffer.from('other'), { replyTo, correlationId: '0', type })
  }
  // The caller of a remote procedure, which waits for its answer.
  const answers: unknown[] = []
  await queue.channel.consume('amq.rabbitmq.reply-to', (answer) => answers.push(answer), { noAck: true })
  queue.channel.publish('', queue.name, Buffer.from('rpc'), {
    replyTo: 'amq.rabbitmq.reply-to',
    correlationId: '0',
  })
  await queue.publish()
  expect(await work(queue, () => 'now')).toMatchObject({ done: 7, failed: 0, deadLettered: 0 })
  expect(answers).toEqual([])
  for (const name of others) expect(await queue.channel.checkQueue(name), name).toMatchObject({ messageCount: 0 })
  const found = await collected(collectResults(batch, { url: url() }))
  expect([...found.values()]).toMatchObject([{ status: 'dead-lettered', reason: 'not now' }])
})

test('the standard output of an unchanged program is the result of its item', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['apple', 'banana'], { url: url(), results: true })
  const command = fileURLToPath(new URL('../../packages/worker/dist/podqueue-worker.js', import.meta.url))
  const script = 'read -r fruit; test "$fruit" = apple && exit 4; echo "$fruit juice"'
  const child = spawn(
    process.execPath,
    [command, '--items', 'all', '--dead-letter-on', '4', '--', 'sh', '-c', script],
    {
      env: { ...process.env, BROKER_URL: url(), QUEUE: queue.name, PODQUEUE_EMPTY_CHECK_DELAY_MS: '200' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  await once(child, 'close')
  expect(printed, 'it is still in the log of the pod').toBe('banana juice\n')
  const found = await collected(collectResults<string>(batch, { url: url() }))
  expect([found.get(0), found.get(1)]).toMatchObject([
    { status: 'dead-lettered', lastFailure: { exitCode: 4 } },
    { status: 'done', value: 'banana juice\n' },
  ])
})

test('a result that the schema refuses says so, and the others have its output', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, [1, 'two'], { url: url(), results: true })
  await work(queue, (item) => (item.contentType === 'application/json' ? item.json() : item.text()))
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'secret', path: [] }] },
    },
  } as const
  const found = await collected(collectResults<number>(batch, { url: url(), schema }))
  expect([found.get(0), found.get(1)]).toMatchObject([
    { status: 'done', value: 2 },
    { status: 'invalid', reason: 'The schema refuses its result at $.' },
  ])
})

test('one item, by consumeOne, while the collector waits from the beginning', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, ['a'], { url: url(), results: true })
  const collecting = collected(collectResults(batch, { url: url() }))
  expect(await consumeOne((item) => item.text(), { queue: queue.name, url: url() })).toEqual({
    status: 'done',
    result: 'a',
  })
  expect([...(await collecting).values()]).toMatchObject([{ index: 0, status: 'done', value: 'a' }])
})

/** A connection whose consumers of result logs hear nothing more after a number of records, for the consumers from the first on. */
async function forgetfulConnection(recordsOfEach: readonly number[]) {
  const connection = await connect(url())
  onTestFinished(() => connection.close())
  const createChannel = connection.createChannel.bind(connection)
  const left = [...recordsOfEach]
  connection.createChannel = async () => {
    const channel = await createChannel()
    const consume = channel.consume.bind(channel)
    channel.consume = (name, onMessage, options) => {
      let records = name.includes('.results.') ? (left.shift() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
      return consume(name, (message) => (records-- > 0 ? onMessage(message) : undefined), options)
    }
    return channel
  }
  return { connection, hasForgotten: () => left.length === 0 }
}

test('a broker that forgets the consumer of the results: they are read by a new one', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, [1, 2, 3], { url: url(), results: true })
  await work(queue, (item) => item.json())
  const { connection, hasForgotten } = await forgetfulConnection([3])
  const found = await collected(collectResults<number>(batch, { connection }))
  expect([0, 1, 2].map((index) => found.get(index))).toMatchObject([{ value: 1 }, { value: 2 }, { value: 3 }])
  expect(hasForgotten()).toBe(true)
})

test('a dead letter is not put back while nobody knows whether its item has a result', async () => {
  await using queue = await testQueue(false)
  const batch = await enqueue(queue.name, [1, 2], { url: url(), results: true })
  await work(queue, () => {
    throw new DeadLetterError('It is hopeless.')
  })
  // The first consumer finds the end of the log, the second one is to read it.
  const { connection } = await forgetfulConnection([Number.POSITIVE_INFINITY, 1])
  await expect(requeueDeadLetters(queue.name, { connection })).rejects.toMatchObject({
    code: 'REQUEUE_INCOMPLETE',
    retryable: true,
    message: expect.stringContaining('nobody knows which items have a result'),
    details: { requeued: 0 },
  })
  expect(await inspectQueue(queue.name, { url: url() })).toMatchObject({ ready: 0, deadLetters: 2 })
  expect(await requeueDeadLetters(queue.name, { url: url() })).toMatchObject({ requeued: 2, alreadyDone: 0 })
  await deleteBatch(batch, { url: url() })
})

test.concurrent('a broker has ackTimeoutMs for a result from when it takes messages again, whenever its alarm ends', async () => {
  await using queue = await testQueue(false)
  await using front = await blockingFront(url())
  const batch = await enqueue(queue.name, ['a'], { url: url(), results: true })
  const working = work(queue, (item) => item.text(), { url: front.url, ackTimeoutMs: 2_000 })
  await front.published
  front.say('blocked')
  // The worker looks at 2 s, and once a second from then on.
  await pause(2_900)
  front.say('unblocked')
  await pause(900)
  front.release()
  expect(await working).toMatchObject({ done: 1, failed: 0 })
  expect((await collected(collectResults(batch, { url: url() }))).get(0)).toMatchObject({ status: 'done', value: 'a' })
})
