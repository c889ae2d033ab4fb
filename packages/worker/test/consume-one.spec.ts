import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { describe, expect, test, vi } from 'vitest'
import { consumeOne, type Item } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { cancelRequest, consumeRequest } from './frames.ts'

describe.each(['quorum', 'classic'] as const)('on a %s queue', (type) => {
  test('one item is done, and no other is touched', async () => {
    await using queue = await testQueue(type)
    await queue.publish('a', 'b', 'c')
    expect(await consumeOne((item) => item.text().toUpperCase(), options(queue.name))).toEqual({
      status: 'done',
      result: 'A',
    })
    await queue.until(({ ready, consumers }) => ready === 2 && consumers === 0)
    for (const body of ['b', 'c']) {
      const next = await queue.channel.get(queue.name, { noAck: true })
      expect(next).toMatchObject({ content: Buffer.from(body), fields: { redelivered: false } })
    }
  })

  test('an item whose handler throws goes back, and the call rejects with the cause', async () => {
    await using queue = await testQueue(type)
    await queue.publish('a')
    const boom = new Error('boom')
    const error = await failureOf(consumeOne(() => Promise.reject(boom), options(queue.name)))
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', retryable: true, cause: boom })
    const again = await consumeOne(
      ({ redelivered, deliveryCount }) => ({ redelivered, deliveryCount }),
      options(queue.name),
    )
    expect(again).toMatchObject({ result: { redelivered: true, deliveryCount: type === 'quorum' ? 2 : undefined } })
  })

  test('an empty queue is the outcome empty', async () => {
    await using queue = await testQueue(type)
    expect(await consumeOne(() => 'never', options(queue.name))).toEqual({ status: 'empty' })
  })

  test('a surplus worker waits while another may give its item back, and takes it', async () => {
    await using queue = await testQueue(type)
    await queue.publish('a')
    const busy = gate()
    const first = failureOf(consumeOne(busy.handler, options(queue.name)))
    await busy.entered
    await using proxy = await tcpProxy(brokerUrl())
    const standsAside = proxy.said('client', cancelRequest)
    const second = consumeOne((item) => item.text(), options(queue.name, proxy.url))
    await standsAside
    await queue.until(({ consumers }) => consumers === 1)
    busy.fail(new Error('given back'))
    expect(await first).toMatchObject({ code: 'HANDLER_FAILED' })
    expect(await second).toEqual({ status: 'done', result: 'a' })
  })

  test.each([
    ['no other worker is there', 0],
    ['another is busy', 1],
  ])('an item that takes longer to arrive than emptyCheckDelayMs is delivered once, when %s', async (_, others) => {
    await using queue = await testQueue(type)
    await using proxy = await tcpProxy(brokerUrl())
    const busy = gate()
    if (others > 0) await queue.publish('held')
    const other = others > 0 ? consumeOne(busy.handler, options(queue.name)) : undefined
    if (other !== undefined) await busy.entered
    await queue.publish(Buffer.alloc(10_000_000))
    // Each piece of at most 64 KiB, so that the body is on its way for many times emptyCheckDelayMs.
    proxy.delay(2)
    const slow = { ...options(queue.name, proxy.url), emptyCheckDelayMs: 1 }
    const outcome = await consumeOne(({ body, redelivered }) => [body.length, redelivered], slow)
    expect(outcome).toEqual({ status: 'done', result: [10_000_000, false] })
    busy.open('done')
    await other
  })

  test('idle workers do not keep each other waiting', async () => {
    await using queue = await testQueue(type)
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => consumeOne(() => 'never', options(queue.name))))
    expect(outcomes).toEqual(Array(8).fill({ status: 'empty' }))
  })

  test('a queue deleted under a handler aborts it: the lease is lost', async () => {
    await using queue = await testQueue(type)
    await queue.publish('a')
    const busy = gate()
    const call = failureOf(consumeOne(busy.handler, options(queue.name)))
    await busy.entered
    await queue.channel.deleteQueue(queue.name)
    expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
    expect(await call).toMatchObject({ code: 'LEASE_LOST', retryable: true })
  })

  test('a signal releases the item after the grace, for the next worker', async () => {
    await using queue = await testQueue(type)
    await queue.publish('a')
    const ending = new AbortController()
    const stubborn = Promise.withResolvers<void>()
    const call = consumeOne(
      () => {
        ending.abort(new Error('node drain'))
        return stubborn.promise
      },
      { ...options(queue.name), signal: ending.signal, graceMs: 50 },
    )
    expect(await failureOf(call)).toMatchObject({ code: 'RELEASED' })
    expect(await consumeOne((item) => item.text(), options(queue.name))).toMatchObject({ result: 'a' })
    stubborn.resolve()
  })
})

test.each([0, 3])(
  'a handler that finishes within the grace has done its item, also with %i retries',
  async (retries) => {
    await using queue = await testQueue()
    await queue.publish('a')
    const ending = new AbortController()
    const handler = async (): Promise<string> => {
      ending.abort()
      return 'finished'
    }
    const outcome = await consumeOne(handler, { ...options(queue.name), signal: ending.signal, retries })
    expect(outcome).toEqual({ status: 'done', result: 'finished' })
    await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
  },
)

test('a connection that breaks under a handler aborts it, and the next worker gets the item', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const busy = gate()
  const call = failureOf(consumeOne(busy.handler, { ...options(queue.name), url: proxy.url }))
  await busy.entered
  proxy.sever()
  expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
  expect(await call).toMatchObject({ code: 'LEASE_LOST' })
  expect(await consumeOne((item) => item.text(), options(queue.name))).toMatchObject({ result: 'a' })
})

test('an ack that the broker never answers is not called done', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const handler = (): void => proxy.freeze()
  const call = consumeOne(handler, { ...options(queue.name), url: proxy.url, ackTimeoutMs: 300 })
  expect(await failureOf(call)).toMatchObject({ code: 'ACK_UNCONFIRMED', retryable: true })
})

test('a connection that breaks while waiting is opened again', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const call = consumeOne((item) => item.text(), { ...options(queue.name), url: proxy.url, empty: 'wait' })
  await queue.until(({ consumers }) => consumers === 1)
  const again = proxy.said('client', consumeRequest)
  proxy.sever()
  await again
  await queue.publish('a')
  expect(await call).toEqual({ status: 'done', result: 'a' })
})

test('an item that is published while the last worker stops consuming is done: it looks once more', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const stopping = proxy.said('client', cancelRequest)
  const call = consumeOne((item) => item.text(), options(queue.name, proxy.url))
  await stopping
  const published = Promise.withResolvers<void>()
  proxy.holdBack(published.promise)
  await queue.until(({ consumers }) => consumers === 0)
  await queue.publish('late')
  published.resolve()
  expect(await call).toEqual({ status: 'done', result: 'late' })
})

test('a queue that does not exist is said once, however often it is asked for', async () => {
  const said: string[] = []
  const logger = { info: () => {}, warn: (_: object, text: string) => void said.push(text) }
  const call = consumeOne(() => 'never', { ...options('no-such-queue'), notFoundRetryMs: 2_500, logger })
  expect(await failureOf(call)).toMatchObject({ code: 'QUEUE_NOT_FOUND' })
  expect(said).toEqual([expect.stringMatching(/^There is no queue no-such-queue at .* Trying again for 3 s\.$/)])
})

test('a queue that does not exist is an error once it has been so for notFoundRetryMs', async () => {
  const call = consumeOne(() => 'never', { ...options('no-such-queue'), notFoundRetryMs: 10 })
  expect(await failureOf(call)).toMatchObject({ code: 'QUEUE_NOT_FOUND', retryable: false })
})

test('a queue that does not exist is said to be so, and waited for: a broker that heals says the same', async () => {
  const missing = Promise.withResolvers<unknown>()
  const logger = { info: () => {}, warn: (fields: unknown) => missing.resolve(fields) }
  await using queue = await testQueue(false)
  const call = consumeOne((item) => item.text(), { ...options(queue.name), empty: 'wait', logger })
  expect(await missing.promise).toMatchObject({ queue: queue.name, code: 'QUEUE_NOT_FOUND' })
  await queue.channel.assertQueue(queue.name, { arguments: { 'x-queue-type': 'quorum' } })
  await queue.publish('a')
  expect(await call).toEqual({ status: 'done', result: 'a' })
})

test('a queue deleted while waiting is an error, not an empty one', async () => {
  await using queue = await testQueue()
  const call = failureOf(consumeOne(() => 'never', { ...options(queue.name), empty: 'wait', notFoundRetryMs: 10 }))
  await queue.until(({ consumers }) => consumers === 1)
  await queue.channel.deleteQueue(queue.name)
  expect(await call).toMatchObject({ code: 'QUEUE_NOT_FOUND' })
})

test('a signal ends the wait for an item', async () => {
  await using queue = await testQueue()
  const ending = new AbortController()
  const call = consumeOne(() => 'never', { ...options(queue.name), empty: 'wait', signal: ending.signal })
  await queue.until(({ consumers }) => consumers === 1)
  ending.abort()
  expect(await failureOf(call)).toMatchObject({ code: 'ABORTED' })
})

describe('an item', () => {
  test('has what its publisher said', async () => {
    await using queue = await testQueue()
    queue.channel.publish('', queue.name, Buffer.from('{"frame":7}'), {
      messageId: 'frame-7',
      contentType: 'application/json',
      headers: { tenant: 'x' },
    })
    const { result } = (await consumeOne((item) => ({ ...item, parsed: item.json() }), options(queue.name))) as {
      result: Item & { parsed: unknown }
    }
    expect(result).toMatchObject({
      queue: queue.name,
      id: 'frame-7',
      contentType: 'application/json',
      headers: { tenant: 'x' },
      redelivered: false,
      deliveryCount: 1,
      parsed: { frame: 7 },
    })
  })

  test.each([
    ['invalid UTF-8 as text', Buffer.from([0xff]), (item: Item) => item.text(), 'ITEM_NOT_TEXT'],
    ['a secret that is not JSON', Buffer.from('s3cret'), (item: Item) => item.json(), 'ITEM_NOT_JSON'],
  ])('with %s fails, and its body is not shown', async (_, body, handler, code) => {
    await using queue = await testQueue()
    await queue.publish(body)
    const error = await failureOf(consumeOne(handler, options(queue.name)))
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', cause: { code } })
    const { inspect } = await import('node:util')
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret')
  })

  test.each([0, 1, 10_000_000])('of %d bytes arrives whole', async (size) => {
    await using queue = await testQueue()
    const body = Buffer.alloc(size, 7)
    await queue.publish(body)
    const outcome = await consumeOne((item) => item.body.equals(body), options(queue.name))
    expect(outcome).toEqual({ status: 'done', result: true })
  })
})

test('everything that is wrong with the options is said at once', async () => {
  const error = await failureOf(
    consumeOne(() => 1, { queue: '', url: brokerUrl(), emptyCheckDelayMs: 0, idleTimeoutMs: 24_000 }),
  )
  expect(error.details).toMatchObject({
    problems: [{ path: 'queue' }, { path: 'emptyCheckDelayMs' }, { path: 'idleTimeoutMs' }],
  })
})

test('a Job that counts on more items from each pod is not served by consumeOne, and hears so', async () => {
  vi.stubEnv('PODQUEUE_ITEMS', '3')
  const error = await failureOf(consumeOne(() => 1, options('q'))).finally(() => vi.unstubAllEnvs())
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS' })
  expect(error.message).toContain("'3'")
})
