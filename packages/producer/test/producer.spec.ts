import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import * as v from 'valibot'
import { describe, expect, test, vi } from 'vitest'
import {
  createMessage,
  createProducer,
  declareQueue,
  type EnqueueError,
  enqueue,
  inspectQueue,
  type PublishDiagnostic,
} from '../src/index.ts'
import { takeAll } from './items-in-queue.ts'

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

async function errorOf(call: Promise<unknown>): Promise<EnqueueError> {
  return await call.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
}

describe('a producer', () => {
  test('serves many calls at once over one connection, each with its own receipt', async () => {
    await using proxy = await tcpProxy(brokerUrl())
    await using producer = createProducer({ url: proxy.url })
    const queues = await Promise.all(Array.from({ length: 20 }, () => testQueue('classic')))
    const receipts = await Promise.all(queues.map(({ name }, index) => producer.enqueue(name, numbers(index * 10))))
    expect(receipts.map(({ confirmed }) => confirmed)).toEqual(queues.map((_, index) => index * 10))
    for (const [index, queue] of queues.entries()) {
      expect(await queue.drain()).toEqual(numbers(index * 10))
      await queue[Symbol.asyncDispose]()
    }
    expect(proxy.accepted).toBe(1)
  })

  test('declares and inspects over the same connection', async () => {
    await using queue = await testQueue(false)
    await using producer = createProducer({ url: brokerUrl() })
    await producer.declareQueue(queue.name, { maxLength: 10 })
    await producer.enqueue(queue.name, ['a', 'b'])
    expect(await producer.inspectQueue(queue.name)).toEqual({ ready: 2, consumers: 0, verified: true, deadLetters: 0 })
  })

  test('views one queue: the same calls without its name, over the same connection', async () => {
    await using proxy = await tcpProxy(brokerUrl())
    await using producer = createProducer({ url: proxy.url })
    const queue = producer.queue(`view-${process.pid}`)
    expect(await queue.declare()).toMatchObject({ queue: queue.name })
    const { inspect, enqueue: add } = queue
    expect(await add(['a', 'b'])).toMatchObject({ queue: queue.name, confirmed: 2 })
    expect(await inspect()).toEqual({ ready: 2, consumers: 0, verified: true, deadLetters: 0 })
    expect(await queue.listDeadLetters()).toEqual([])
    expect(await queue.requeueDeadLetters()).toMatchObject({ requeued: 0 })
    expect(await queue.purgeDeadLetters()).toEqual({ purged: 0 })
    const { id } = await queue.enqueue([], { results: true })
    for await (const item of queue.collectResults({ id }, { keep: true })) expect(item).toBe('nothing')
    await queue.deleteBatch({ id })
    await queue.delete({ discardItems: true })
    await expect(queue.inspect()).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' })
    expect(proxy.accepted, 'a collection has a connection of its own').toBeLessThanOrEqual(2)
  })

  test('opens a lost connection again for all its calls, and tells', async () => {
    await using first = await testQueue()
    await using second = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    await using producer = createProducer({ url: proxy.url })
    const events: string[] = []
    for (const name of ['connected', 'disconnected'] as const) producer.on(name, () => void events.push(name))
    async function* items() {
      yield* numbers(100)
      proxy.sever()
      await once(producer, 'connected')
      yield* ['100', '101']
    }
    const calls = [producer.enqueue(first.name, items()), producer.enqueue(second.name, numbers(3_000))]
    expect((await Promise.all(calls)).map(({ confirmed }) => confirmed)).toEqual([102, 3_000])
    expect(events).toEqual(['connected', 'disconnected', 'connected'])
  })

  test('lets no small write wait for the answer to another (TCP_NODELAY)', async () => {
    await using queue = await testQueue()
    await using producer = createProducer({ url: brokerUrl() })
    const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
    try {
      await producer.inspectQueue(queue.name)
      expect(setNoDelay.mock.calls).toEqual([[true]])
    } finally {
      setNoDelay.mockRestore()
    }
  })

  test('tells how far a call is', async () => {
    await using queue = await testQueue()
    await using producer = createProducer({ url: brokerUrl() })
    const seen: number[] = []
    producer.on('progress', ({ queue: name, counts }) => {
      if (name === queue.name) seen.push(counts.confirmed)
    })
    await producer.enqueue(queue.name, numbers(500))
    expect(seen.at(-1)).toBe(500)
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  test('is not disturbed by a listener that throws: that is a process warning', async () => {
    await using queue = await testQueue()
    await using producer = createProducer({ url: brokerUrl() })
    producer.once('connected', () => {
      throw new Error('my own mistake')
    })
    const warned = once(process, 'warning')
    expect((await producer.enqueue(queue.name, ['a'])).confirmed).toBe(1)
    const [warning] = await warned
    expect(String(warning.message)).toMatch(/'connected' failed.*my own mistake/s)
    expect(producer.listenerCount('connected')).toBe(0)
  })

  test('is not disturbed by a listener whose promise rejects either', async () => {
    await using queue = await testQueue()
    const on = { connected: () => Promise.reject(new Error('my own mistake')) as never }
    const warned = once(process, 'warning')
    expect((await enqueue(queue.name, ['a'], { url: brokerUrl(), on })).confirmed).toBe(1)
    const [warning] = await warned
    expect(String(warning.message)).toMatch(/'connected' failed.*my own mistake/s)
  })

  test('waits at close() for the calls under way, and takes no more', async () => {
    await using queue = await testQueue()
    const producer = createProducer({ url: brokerUrl() })
    const call = producer.enqueue(queue.name, numbers(2_000))
    const closing = producer.close()
    await expect(producer.enqueue(queue.name, ['late'])).rejects.toMatchObject({ code: 'PRODUCER_CLOSED' })
    await closing
    await producer.close()
    expect((await call).confirmed).toBe(2_000)
  })

  test('ends at close() what takes longer than timeoutMs, with the fate of every item by then', async () => {
    await using queue = await testQueue()
    const producer = createProducer({ url: brokerUrl() })
    const asked = Promise.withResolvers<void>()
    async function* items() {
      yield* numbers(5)
      asked.resolve()
      await new Promise(() => {})
    }
    // More is asked for when all before it is confirmed.
    const call = errorOf(producer.enqueue(queue.name, items(), { window: 1 }))
    await asked.promise
    await producer.close({ timeoutMs: 50 })
    expect(await call).toMatchObject({ code: 'ABORTED', counts: { total: 5, confirmed: 5 } })
  })

  test('ends one call by its signal, and the others go on', async () => {
    await using queue = await testQueue()
    await using producer = createProducer({ url: brokerUrl() })
    const aborting = new AbortController()
    async function* endless() {
      yield 'first'
      aborting.abort(new Error('enough'))
      await new Promise(() => {})
    }
    const ended = errorOf(producer.enqueue(queue.name, endless(), { signal: aborting.signal }))
    const other = producer.enqueue(queue.name, numbers(1_000))
    expect(await ended).toMatchObject({ code: 'ABORTED', counts: { total: 1 } })
    expect((await other).confirmed).toBe(1_000)
  })

  test('says all that is wrong with its options at once', () => {
    expect(() => createProducer({ url: brokerUrl(), connection: {} as never, connectTimeoutMs: 0 })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTIONS',
        details: {
          problems: ['connectTimeoutMs', 'connection', 'url'].map((path) => expect.objectContaining({ path })),
        },
      }),
    )
  })
})

describe("a connection of the app's own", () => {
  test('is used and left open', async () => {
    await using queue = await testQueue()
    const connection = await connect(brokerUrl())
    try {
      const headers = { tenant: 'x', nested: { list: [1, true, null] } }
      const items = [...numbers(3_000), createMessage('last', { headers })]
      expect((await enqueue(queue.name, items, { connection, window: 100 })).confirmed).toBe(3_001)
      const channel = await connection.createChannel()
      // A quorum queue whose leader is busy reads as 0.
      await expect.poll(async () => (await channel.checkQueue(queue.name)).messageCount).toBe(3_001)
    } finally {
      await connection.close()
    }
  })

  test('publishes as one of ours does: persistent, and what no queue takes is returned', async () => {
    await using queue = await testQueue()
    const connection = await connect(brokerUrl())
    async function* items() {
      yield 'kept'
      await queue.until(({ ready }) => ready === 1)
      const kept = await queue.channel.get(queue.name, { noAck: true })
      expect(kept).toMatchObject({ properties: { deliveryMode: 2 } })
      await queue.channel.deleteQueue(queue.name)
      yield 'returned'
    }
    try {
      const error = await errorOf(enqueue(queue.name, items(), { connection }))
      expect(error.counts).toMatchObject({ total: 2, confirmed: 1, returned: 1 })
      expect(error.failures.map(({ message }) => message.body)).toEqual(['returned'])
    } finally {
      await connection.close()
    }
  })

  test('that is lost leaves the unconfirmed unknown: only its owner can open another', async () => {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    const connection = await connect(proxy.url)
    connection.on('error', () => {})
    function* items() {
      yield* numbers(1_000)
      proxy.sever()
      yield 'never seen'
    }
    const error = await errorOf(enqueue(queue.name, items(), { connection }))
    expect(error).toMatchObject({ code: 'NOT_ALL_CONFIRMED', cause: { code: 'CONNECTION_LOST' } })
    expect(error.counts.confirmed + error.counts.unknown).toBe(error.counts.total)
    const closed = { code: 'CONNECTION_LOST', message: "The app's own connection to the broker is closed." }
    // At once, also with all the patience that there is for what can heal.
    const call = enqueue(queue.name, ['a'], { connection, reconnectForMs: 2 ** 31 - 1 })
    await expect(call).rejects.toMatchObject(closed)
    await expect(inspectQueue(queue.name, { connection })).rejects.toMatchObject(closed)
    await expect(declareQueue(queue.name, { connection })).rejects.toMatchObject(closed)
  })
})

describe('items', () => {
  test('that a schema refuses are invalid, with their place and without their content', async () => {
    await using queue = await testQueue()
    const schema = v.object({ frame: v.pipe(v.number(), v.integer()) })
    const items = [{ frame: 1 }, { frame: 's3cret' }, { frame: 2.5 }, { frame: 4 }]
    const error = await errorOf(enqueue(queue.name, items, { url: brokerUrl(), schema }))
    expect(error.counts).toMatchObject({ confirmed: 2, invalid: 2 })
    expect(error.failures.map(({ index, reason }) => [index, reason])).toEqual([
      [1, 'The schema refuses it at $.frame.'],
      [2, 'The schema refuses it at $.frame.'],
    ])
    expect(error.message).not.toContain('s3cret')
    expect(error.failures[0]?.cause, 'what the schema said is kept').toHaveLength(1)
  })

  test('are sent as the schema makes them, also when it takes its time', async () => {
    await using queue = await testQueue()
    const schema = v.pipeAsync(
      v.string(),
      v.transformAsync(async (text) => ({ text })),
    )
    await enqueue(queue.name, ['a', 'b'], { url: brokerUrl(), schema })
    expect(await queue.drain()).toEqual(['{"text":"a"}', '{"text":"b"}'])
  })

  test('are encoded and named by the app, where it says how', async () => {
    await using queue = await testQueue()
    await enqueue(queue.name, [{ frame: 7 }, createMessage({ frame: 8 }, { id: 'mine', contentType: 'x/frame' })], {
      url: brokerUrl(),
      encode: (item: { frame: number }) => `frame=${item.frame}`,
      messageId: (_, index) => `order-${index}`,
    })
    const { ids } = await takeAll(brokerUrl(), queue.name)
    expect([...ids].map(([body, [id]]) => [body, id])).toEqual([
      ['frame=7', 'order-0'],
      ['frame=8', 'mine'],
    ])
  })

  test('whose id or headers AMQP cannot hold are invalid, and the others are sent', async () => {
    await using queue = await testQueue()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const items = [
      createMessage('a', { id: 'x'.repeat(256) }),
      createMessage('b', { headers: { at: () => 1 } }),
      createMessage('c', { headers: { cycle } }),
      createMessage('d', { priority: 256 }),
      createMessage('e', { headers: 'x' as never }),
      'fine',
    ]
    const error = await errorOf(enqueue(queue.name, items, { url: brokerUrl() }))
    expect(error.counts).toMatchObject({ confirmed: 1, invalid: 5 })
    expect(error.hint, 'what is hopeless is not to be tried again').toMatch(/would be invalid again/)
    expect(error.failures.map(({ reason }) => reason).join('\n')).toMatch(
      /255[\s\S]*headers\.at[\s\S]*refers back[\s\S]*255/,
    )
    expect(await queue.drain()).toEqual(['fine'])
  })

  test('carry the headers they were given, of every type', async () => {
    await using queue = await testQueue()
    const headers = {
      text: 'ü',
      yes: true,
      int: -5,
      long: 2 ** 40,
      half: 0.5,
      none: null,
      list: [1, 'a'],
      map: { a: 1 },
    }
    await enqueue(queue.name, [createMessage('a', { headers, priority: 3 })], { url: brokerUrl() })
    const got = await queue.channel.get(queue.name, { noAck: true })
    expect((got || undefined)?.properties.headers).toMatchObject(headers)
  })

  test('may not expire, and the reason is said', () => {
    expect(() => createMessage('a', { expiration: 1 } as never)).toThrow(/drops work/)
  })
})

test('diagnostics channels show each publish and its fate, and what they add to the headers is sent', async () => {
  await using queue = await testQueue()
  const settled: unknown[] = []
  const onPublish = (message: unknown): void => {
    const diagnostic = message as PublishDiagnostic
    if (diagnostic.queue === queue.name) diagnostic.headers.traceparent ??= '00-trace-span-01'
  }
  const onSettle = (message: unknown): void => void settled.push(message)
  subscribe('podqueue:publish', onPublish)
  subscribe('podqueue:settle', onSettle)
  try {
    await enqueue(queue.name, [createMessage('a', { id: 'mine' })], { url: brokerUrl() })
  } finally {
    unsubscribe('podqueue:publish', onPublish)
    unsubscribe('podqueue:settle', onSettle)
  }
  expect(settled).toMatchObject([{ queue: queue.name, index: 0, messageId: 'mine', outcome: 'confirmed' }])
  const got = await queue.channel.get(queue.name, { noAck: true })
  expect((got || undefined)?.properties.headers).toMatchObject({ traceparent: '00-trace-span-01' })
})

test('calls that share a connection keep their own async context, in their sources, their progress and on the diagnostics channels', async () => {
  await using queue = await testQueue()
  const caller = new AsyncLocalStorage<string>()
  const strangers = new Set<string>()
  function* items(name: string): Generator<string> {
    for (let index = 0; index < 500; index += 1) {
      if (caller.getStore() !== name) strangers.add(`${caller.getStore()} reads for ${name}`)
      yield `${name}-${index}`
    }
  }
  const seen = { 'podqueue:publish': new Map<string, number>(), 'podqueue:settle': new Map<string, number>() }
  const listeners = (['podqueue:publish', 'podqueue:settle'] as const).map((channel) => {
    const listener = (message: unknown): void => {
      if ((message as PublishDiagnostic).queue !== queue.name) return
      const name = caller.getStore() ?? 'nobody'
      seen[channel].set(name, (seen[channel].get(name) ?? 0) + 1)
    }
    subscribe(channel, listener)
    return () => unsubscribe(channel, listener)
  })
  await using producer = createProducer({ url: brokerUrl() })
  const told = new Map<string, number>()
  producer.on('progress', ({ counts }) => {
    const name = caller.getStore() ?? 'nobody'
    told.set(name, Math.max(told.get(name) ?? 0, counts.confirmed))
  })
  const names = ['a', 'b', 'c']
  await Promise.all(
    names.map((name) => caller.run(name, () => producer.enqueue(queue.name, items(name), { window: 10 }))),
  )
  for (const stop of listeners) stop()
  const each = new Map(names.map((name) => [name, 500]))
  expect(strangers).toEqual(new Set())
  expect(seen).toEqual({ 'podqueue:publish': each, 'podqueue:settle': each })
  expect(told).toEqual(each)
})

test('many calls at the same time over one producer cause no warning of Node', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): number => warnings.push(warning)
  process.on('warning', note)
  await using queue = await testQueue()
  await using producer = createProducer({ url: brokerUrl() })
  await producer.inspectQueue(queue.name)
  await Promise.all(Array.from({ length: 20 }, () => producer.inspectQueue(queue.name)))
  // A warning is told in the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', note)
  expect(warnings).toEqual([])
})
