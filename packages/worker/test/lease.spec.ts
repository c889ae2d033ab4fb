import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { promisify } from 'node:util'
import { amqpTools } from '@internal/testing'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { consumeOne, DeadLetterError } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'

test('a half-open connection is noticed by missing heartbeats: the handler is aborted and the lease lost', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const busy = gate()
  const call = failureOf(consumeOne(busy.handler, options(queue.name, `${proxy.url}?heartbeat=1`)))
  await busy.entered
  proxy.freeze()
  expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
  expect(await call).toMatchObject({ code: 'LEASE_LOST' })
  // The broker notices the same, and gives the item to another.
  expect(await consumeOne((item) => item.text(), { ...options(queue.name), empty: 'wait' })).toMatchObject({
    result: 'a',
  })
})

test('a connection cut between the handler and its ack is not called done, and the item comes back', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const call = consumeOne(() => proxy.sever(), options(queue.name, proxy.url))
  const error = await failureOf(call)
  expect(['LEASE_LOST', 'ACK_UNCONFIRMED']).toContain(error.code)
  expect(await consumeOne((item) => item.text(), options(queue.name))).toMatchObject({ result: 'a' })
})

test('an ack that the broker refuses is not called done', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const connection = await connect(brokerUrl())
  try {
    const channels: Awaited<ReturnType<typeof connection.createChannel>>[] = []
    const own = Object.assign(Object.create(connection) as typeof connection, {
      createChannel: async () => {
        const channel = await connection.createChannel()
        channels.push(channel)
        return channel
      },
    })
    // The app settles the delivery behind our back, so that ours has a tag that is used up.
    const call = consumeOne(
      async () => {
        channels[0]?.ackAll()
      },
      { queue: queue.name, connection: own, emptyCheckDelayMs: 200 },
    )
    const error = await failureOf(call)
    expect(error.code).toBe('LEASE_LOST')
    expect(error.message).toMatch(/delivery.tag/i)
  } finally {
    await connection.close()
  }
})

test.each([
  ['an Error', new Error('not yet')],
  ['a TypeError', new TypeError('not yet')],
  ['a text', 'not yet'],
])('a handler that throws %s is tried again with the item in hand, as often as retries say', async (_, thrown) => {
  await using queue = await testQueue()
  await queue.publish('a')
  let attempts = 0
  const handler = async (): Promise<string> => {
    if (++attempts < 3) throw thrown
    return 'done'
  }
  const warned: unknown[] = []
  const logger = { info: () => {}, warn: (fields: object, text: string) => warned.push({ ...fields, text }) }
  const outcome = await consumeOne(handler, { ...options(queue.name), logger, retries: 2, retryDelayMs: 1 })
  expect(outcome).toEqual({ status: 'done', result: 'done' })
  expect(attempts).toBe(3)
  const text = (attempt: number): unknown => expect.stringMatching(`failed in attempt ${attempt} of 3: not yet$`)
  expect(warned).toMatchObject([
    { queue: queue.name, err: thrown, text: text(1) },
    { queue: queue.name, err: thrown, text: text(2) },
  ])
})

test('a handler that throws on every attempt fails with what it threw last, and one for the dead letters is not tried again', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const thrown: unknown[] = []
  const patience = { ...options(queue.name), retries: 2, retryDelayMs: 1 }
  const failing = consumeOne(() => {
    thrown.push(new TypeError(`attempt ${thrown.length}`))
    throw thrown.at(-1)
  }, patience)
  expect(await failureOf(failing)).toMatchObject({ code: 'HANDLER_FAILED', cause: new TypeError('attempt 2') })
  let attempts = 0
  const hopeless = consumeOne(() => {
    attempts += 1
    throw new DeadLetterError('It is hopeless.')
  }, patience)
  expect(await hopeless).toMatchObject({ status: 'dead-lettered' })
  expect({ thrown: thrown.length, attempts }).toEqual({ thrown: 3, attempts: 1 })
})

test('a signal ends the pause before another attempt, and the item is released', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const ending = new AbortController()
  const call = consumeOne(
    () => {
      setImmediate(() => ending.abort(new Error('node drain')))
      throw new Error('not yet')
    },
    { ...options(queue.name), retries: 1, retryDelayMs: 2 ** 31 - 1, signal: ending.signal },
  )
  expect(await failureOf(call)).toMatchObject({ code: 'RELEASED' })
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
})

test('a handler that honours its signal gives its item to the next worker at once, uncounted where the broker allows it', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const busy = gate()
  const ending = new AbortController()
  const call = failureOf(consumeOne(busy.handler, { ...options(queue.name), signal: ending.signal }))
  await busy.entered
  ending.abort(new Error('node drain'))
  expect(await call).toMatchObject({ code: 'RELEASED' })
  const again = await consumeOne((item) => item, options(queue.name))
  const { version } = (queue.channel as unknown as { connection: { serverProperties: { version: unknown } } })
    .connection.serverProperties
  const [major = 0, minor = 0] = String(version).split('.').map(Number)
  const uncounted = major > 4 || (major === 4 && minor >= 3)
  const counted = again.status === 'done' ? again.result.headers['x-delivery-count'] : undefined
  expect(counted ?? 0).toBe(uncounted ? 0 : 1)
})

test('each item is said to those who subscribe to the diagnostics channels: taken, handled, acked', async () => {
  await using queue = await testQueue()
  queue.channel.publish('', queue.name, Buffer.from('s3cret'), { messageId: 'id-1', headers: { traceparent: 't' } })
  const said: unknown[] = []
  const names = ['podqueue:take', 'tracing:podqueue:handle:start', 'tracing:podqueue:handle:asyncEnd', 'podqueue:ack']
  const listener = (message: unknown, name: string | symbol): void => {
    if ((message as { queue: string }).queue === queue.name) said.push({ name, ...(message as object) })
  }
  for (const name of names) subscribe(name, listener)
  try {
    await consumeOne(() => {}, options(queue.name))
  } finally {
    for (const name of names) unsubscribe(name, listener)
  }
  expect(said).toMatchObject([
    { name: 'podqueue:take', messageId: 'id-1', redelivered: false, deliveryCount: 1, headers: { traceparent: 't' } },
    { name: 'tracing:podqueue:handle:start', messageId: 'id-1', headers: { traceparent: 't' } },
    { name: 'tracing:podqueue:handle:asyncEnd', messageId: 'id-1', outcome: 'done' },
    { name: 'podqueue:ack', messageId: 'id-1', how: 'ack', phase: 'sent' },
    { name: 'podqueue:ack', messageId: 'id-1', how: 'ack', phase: 'accepted' },
  ])
  expect(JSON.stringify(said)).not.toMatch(/s3cret|:[^:/@]*@/)
})

test('items of amqp-publish work, and so do the headers and properties of other clients', async ({ skip }) => {
  await using queue = await testQueue()
  const headers = { list: [1, 'two', null], table: { deep: true }, bytes: Buffer.from([0]), big: 2 ** 40, none: null }
  queue.channel.publish('', queue.name, Buffer.from('other'), { headers, priority: 3, type: 't', timestamp: 1 })
  const seen = await consumeOne((item) => [item.headers, item.priority], options(queue.name))
  expect(seen).toMatchObject({ result: [headers, 3] })
  const tools = await amqpTools({ announce: () => {} })
  if (!tools.available) {
    process.stderr.write(`skipped amqp-publish: ${tools.reason}\n`)
    return skip(tools.reason)
  }
  await promisify(execFile)(tools.publish, ['-u', brokerUrl(), '-r', queue.name, '-p', '-b', 'apple'])
  await queue.until(({ ready }) => ready === 1)
  const outcome = await consumeOne((item) => [item.text(), item.id, item.contentType], options(queue.name))
  expect(outcome).toEqual({ status: 'done', result: ['apple', undefined, undefined] })
})
