import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import type { GetMessage } from 'amqplib'
import { describe, expect, test } from 'vitest'
import { createMessage, EnqueueError, enqueue, ProducerError, type PublishDiagnostic } from '../src/index.ts'

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `item-${index}`)

async function failureOf(call: Promise<unknown>): Promise<EnqueueError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(EnqueueError)
  const failure = error as EnqueueError
  const { total, confirmed, returned, nacked, unknown, invalid } = failure.counts
  expect(confirmed + returned + nacked + unknown + invalid, 'every item ends in exactly one way').toBe(total)
  return failure
}

describe('a receipt', () => {
  test('says that every item is in the queue, each once and in order', async () => {
    await using queue = await testQueue()
    const items = numbers(1_000)
    const receipt = await enqueue(queue.name, items, { url: brokerUrl(), window: 100 })
    expect(receipt).toMatchObject({ queue: queue.name, confirmed: 1_000, bytes: items.join('').length })
    expect(await queue.drain()).toEqual(items)
  })

  test('says how long it took, from the call to the last confirm', async () => {
    await using queue = await testQueue()
    let inside = Number.NaN
    async function* items() {
      const from = performance.now()
      yield 'a'
      await queue.until(({ ready }) => ready === 1)
      yield 'b'
      inside = performance.now() - from
    }
    const from = performance.now()
    const { durationMs } = await enqueue(queue.name, items(), { url: brokerUrl() })
    const around = performance.now() - from
    expect(durationMs).toBeGreaterThanOrEqual(Math.floor(inside))
    expect(durationMs).toBeLessThanOrEqual(Math.ceil(around))
  })

  test('leaves nothing behind on the signal of the call', async () => {
    await using queue = await testQueue()
    const { signal } = new AbortController()
    let heard = 0
    function* items() {
      heard = getEventListeners(signal, 'abort').length
      yield 'a'
    }
    await enqueue(queue.name, items(), { url: brokerUrl(), signal })
    expect({ heard, after: getEventListeners(signal, 'abort').length }).toEqual({ heard: 1, after: 0 })
  })

  test('of no items is one of zero, and the queue is declared all the same', async () => {
    await using queue = await testQueue(false)
    expect(await enqueue(queue.name, [], { url: brokerUrl() })).toMatchObject({ confirmed: 0 })
    expect((await queue.channel.checkQueue(`${queue.name}.dead`)).messageCount).toBe(0)
  })

  test('comes with a queue that was declared for it, or was there and is used as it is', async () => {
    await using queue = await testQueue('classic')
    expect(await enqueue(queue.name, ['a'], { url: brokerUrl() })).toMatchObject({ confirmed: 1 })
  })
})

describe('an item', () => {
  test('arrives as the bytes it was: text, bytes or JSON', async () => {
    await using queue = await testQueue()
    const bytes = new Uint8Array([0, 255, 10]).subarray(1)
    await enqueue(queue.name, ['Zürich', bytes, { frame: 7 }, createMessage(7, { contentType: 'x/y' })], {
      url: brokerUrl(),
    })
    const got: GetMessage[] = []
    for (let index = 0; index < 4; index++) {
      const message = await queue.channel.get(queue.name, { noAck: true })
      if (message !== false) got.push(message)
    }
    expect(got.map((message) => message.content)).toEqual([
      Buffer.from('Zürich'),
      Buffer.from([255, 10]),
      Buffer.from('{"frame":7}'),
      Buffer.from('7'),
    ])
    expect(got.map((message) => message.properties.contentType)).toEqual([
      'text/plain',
      'application/octet-stream',
      'application/json',
      'x/y',
    ])
    expect(
      got.every((message) => message.properties.deliveryMode === 2),
      'persistent',
    ).toBe(true)
  })

  test('keeps the id and headers that it was given, less what only the broker may say', async () => {
    // Here the broker says nothing of its own, and leaves what it was given.
    await using queue = await testQueue('classic')
    const forged = { 'x-delivery-count': 4, 'x-acquired-count': 4, 'x-death': 'none', 'x-podqueue-sequence': 7 }
    const message = createMessage('a', { id: 'order-17', headers: { tenant: 'x', ...forged } })
    await enqueue(queue.name, [message], { url: brokerUrl() })
    const got = await queue.channel.get(queue.name, { noAck: true })
    if (got === false) throw new Error('the queue is empty')
    expect(got.properties.messageId).toBe('order-17')
    expect(got.properties.headers).toEqual({ tenant: 'x' })
  })

  test('that cannot be encoded is named by index and path, and the others are published', async () => {
    await using queue = await testQueue()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const items = [1n, { a: { b: [1, undefined] } }, cycle, () => 1, 'fine', 'x'.repeat(101)]
    const { failures, counts } = await failureOf(enqueue(queue.name, items, { url: brokerUrl(), maxMessageBytes: 100 }))
    expect(counts).toMatchObject({ total: 6, confirmed: 1, invalid: 5 })
    expect(failures.map(({ index }) => index)).toEqual([0, 1, 2, 3, 5])
    expect(failures.map(({ reason }) => reason).join('\n')).toMatch(
      /\$ is a BigInt[\s\S]*\$\.a\.b\[1\][\s\S]*\$\.self[\s\S]*101 bytes/,
    )
    expect(await queue.drain()).toEqual(['fine'])
  })

  test.each([
    ['a promise', Promise.resolve('apple'), /\$ is a Promise.*await/],
    ['a Map in an object', { fruit: { of: new Map([[1, 'apple']]) } }, /\$\.fruit\.of is a Map/],
    ['a Set', new Set(['apple']), /\$ is a Set/],
    ['bytes in an object', { frame: new Uint8Array(2) }, /\$\.frame is bytes/],
    ['an error', new RangeError('no such fruit'), /\$ is an Error/],
    ['a regular expression', [/apple/], /\$\[0\] is a RegExp/],
  ])('of which JSON would keep nothing, as %s, is invalid and not an empty object', async (_, item, reason) => {
    await using queue = await testQueue()
    const { failures } = await failureOf(enqueue(queue.name, [item], { url: brokerUrl() }))
    expect(failures.map((failure) => failure.reason)).toEqual([expect.stringMatching(reason)])
    expect(await queue.drain()).toEqual([])
  })

  test('and failed is not in what a logger or the console makes of the error', async () => {
    await using queue = await testQueue()
    const error = await failureOf(enqueue(queue.name, [{ iban: 'DE02', broken: 1n }], { url: brokerUrl() }))
    expect(error.failures[0]?.message.body).toEqual({ iban: 'DE02', broken: 1n })
    expect(JSON.stringify({ ...error }) + inspect(error, { depth: null })).not.toMatch(/DE02/)
  })
})

test('an item of 16 MiB is the largest', async () => {
  await using queue = await testQueue('classic')
  const bytes = 16 * 1024 * 1024
  expect(await enqueue(queue.name, [Buffer.alloc(bytes)], { url: brokerUrl() })).toMatchObject({ confirmed: 1, bytes })
})

test('an item over 16 MiB is invalid, with its size and the limit, and the others are published', async () => {
  await using queue = await testQueue()
  const large = Buffer.alloc(16 * 1024 * 1024 + 1)
  const { failures, counts } = await failureOf(enqueue(queue.name, ['a', large, 'b'], { url: brokerUrl() }))
  expect(counts).toMatchObject({ confirmed: 2, invalid: 1 })
  expect(failures[0]).toMatchObject({ index: 1, reason: expect.stringMatching(/16777217 bytes.*16777216/) })
  expect(await queue.drain()).toEqual(['a', 'b'])
})

describe('an item that was not taken', () => {
  test('is returned when there is no queue: one that is deleted before the first publish', async () => {
    await using queue = await testQueue()
    async function* items() {
      await queue.channel.deleteQueue(queue.name)
      yield* ['a', 'b']
    }
    const { counts, failures } = await failureOf(enqueue(queue.name, items(), { url: brokerUrl() }))
    expect(counts).toMatchObject({ total: 2, returned: 2, confirmed: 0 })
    expect(failures[0]?.reason).toMatch(/no queue/)
  })

  test('is returned, although the broker confirms it, when its queue was deleted in the middle', async () => {
    await using queue = await testQueue()
    async function* items() {
      yield* numbers(10)
      await queue.until(({ ready }) => ready === 10)
      await queue.channel.deleteQueue(queue.name)
      yield* ['late-1', 'late-2']
    }
    const { counts, failures, code } = await failureOf(enqueue(queue.name, items(), { url: brokerUrl() }))
    expect(code).toBe('NOT_ALL_CONFIRMED')
    expect(counts).toMatchObject({ total: 12, confirmed: 10, returned: 2 })
    expect(failures.map(({ message }) => message.body)).toEqual(['late-1', 'late-2'])
  })

  test('is told from its neighbour with the same id, also when both are in flight', async () => {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    async function* items() {
      // The broker has the first at once, and its confirm is on the way while the second is published.
      proxy.delay(300)
      yield createMessage('kept', { id: 'same' })
      await queue.until(({ ready }) => ready === 1)
      await queue.channel.deleteQueue(queue.name)
      yield createMessage('returned', { id: 'same' })
    }
    const { counts, failures } = await failureOf(enqueue(queue.name, items(), { url: proxy.url }))
    expect(counts).toMatchObject({ confirmed: 1, returned: 1 })
    expect(failures.map(({ message }) => message.body)).toEqual(['returned'])
  })

  test('is known by an id that UTF-8 cannot hold, and in spite of a header that another copy left', async () => {
    await using queue = await testQueue()
    async function* items() {
      yield 'first'
      await queue.until(({ ready }) => ready === 1)
      await queue.channel.deleteQueue(queue.name)
      yield createMessage('half a pair', { id: '\ud83d' })
      yield createMessage('a copy', { headers: { 'x-podqueue-sequence': 1 } })
    }
    const { failures } = await failureOf(enqueue(queue.name, items(), { url: brokerUrl() }))
    expect(failures.map(({ message, outcome }) => [message.body, outcome])).toEqual([
      ['half a pair', 'returned'],
      ['a copy', 'returned'],
    ])
  })

  test('is nacked by a full queue, and may be enqueued again', async () => {
    await using queue = await testQueue(false)
    await queue.channel.assertQueue(queue.name, {
      arguments: { 'x-queue-type': 'classic', 'x-max-length': 5, 'x-overflow': 'reject-publish' },
    })
    const { counts, failures } = await failureOf(enqueue(queue.name, numbers(8), { url: brokerUrl() }))
    expect(counts.confirmed).toBeGreaterThanOrEqual(5)
    expect(counts.nacked).toBe(8 - counts.confirmed)
    const first = await queue.drain()
    await enqueue(
      queue.name,
      failures.map(({ message }) => message),
      { url: brokerUrl() },
    )
    expect([...first, ...(await queue.drain())].toSorted()).toEqual(numbers(8))
  })

  test('is unknown when the connection is lost before the broker answers', async () => {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    async function* items() {
      yield* numbers(3)
      await queue.until(({ ready }) => ready === 3)
      proxy.freeze()
      yield 'never seen'
      proxy.sever()
    }
    const { counts, failures, cause } = await failureOf(
      enqueue(queue.name, items(), { url: proxy.url, reconnectForMs: 0 }),
    )
    expect(counts.total).toBe(4)
    expect(counts.unknown).toBeGreaterThanOrEqual(1)
    expect(failures.at(-1)?.message.body).toBe('never seen')
    expect(cause).toMatchObject({ code: 'CONNECTION_LOST', retryable: true })
  })

  test('is unknown when the broker goes silent, after confirmTimeoutMs', async () => {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    async function* items() {
      yield 'first'
      await queue.until(({ ready }) => ready === 1)
      proxy.freeze()
      yield 'second'
    }
    const { counts } = await failureOf(enqueue(queue.name, items(), { url: proxy.url, confirmTimeoutMs: 300 }))
    expect(counts.unknown).toBeGreaterThanOrEqual(1)
  })
})

describe('the source of items', () => {
  test('is read no further ahead than the window', async () => {
    await using queue = await testQueue()
    let read = 0
    let furthest = 0
    let confirmedBefore = 0
    async function* items() {
      for (; read < 200; read++) {
        const { messageCount } = await queue.channel.checkQueue(queue.name)
        confirmedBefore = Math.max(confirmedBefore, messageCount)
        furthest = Math.max(furthest, read - confirmedBefore)
        yield `item-${read}`
      }
    }
    await enqueue(queue.name, items(), { url: brokerUrl(), window: 10 })
    expect(furthest).toBeLessThanOrEqual(10)
  })

  test('is read no further ahead than windowBytes', async () => {
    await using queue = await testQueue()
    let open = 0
    let most = 0
    const onPublish = (message: unknown): void => {
      open += (message as PublishDiagnostic).bytes
      most = Math.max(most, open)
    }
    const onSettle = (): void => {
      open -= 1_000
    }
    subscribe('podqueue:publish', onPublish)
    subscribe('podqueue:settle', onSettle)
    try {
      const items = Array.from({ length: 200 }, () => 'x'.repeat(1_000))
      await enqueue(queue.name, items, { url: brokerUrl(), windowBytes: 5_000 })
    } finally {
      unsubscribe('podqueue:publish', onPublish)
      unsubscribe('podqueue:settle', onSettle)
    }
    expect({ open, most }).toEqual({ open: 0, most: 5_000 })
  })

  test('that throws: what was published is settled and counted, and the cause is kept', async () => {
    await using queue = await testQueue()
    function* items() {
      yield* numbers(3)
      throw new Error('the disk is gone')
    }
    const { code, counts, cause } = await failureOf(enqueue(queue.name, items(), { url: brokerUrl() }))
    expect({ code, confirmed: counts.confirmed, cause }).toEqual({
      code: 'SOURCE_FAILED',
      confirmed: 3,
      cause: new Error('the disk is gone'),
    })
  })

  test('is closed when the signal aborts, and what was confirmed by then is reported', async () => {
    await using queue = await testQueue()
    const aborting = new AbortController()
    let closed = false
    async function* items() {
      try {
        yield* numbers(5)
        await queue.until(({ ready }) => ready === 5)
        aborting.abort(new Error('enough'))
        yield* numbers(5)
      } finally {
        closed = true
      }
    }
    const { code, counts } = await failureOf(
      enqueue(queue.name, items(), { url: brokerUrl(), signal: aborting.signal }),
    )
    expect(code).toBe('ABORTED')
    expect(counts.confirmed).toBeLessThanOrEqual(5)
    expect(closed).toBe(true)
  })

  test('is left alone after maxFailures, and closed', async () => {
    await using queue = await testQueue()
    let read = 0
    let closed = false
    function* items() {
      try {
        for (; read < 100; read++) yield 1n
      } finally {
        closed = true
      }
    }
    const { counts } = await failureOf(enqueue(queue.name, items(), { url: brokerUrl(), maxFailures: 7 }))
    expect({ invalid: counts.invalid, read, closed }).toEqual({ invalid: 7, read: 6, closed: true })
  })

  test.each([
    ['a string', 'apple'],
    ['a byte array', new Uint8Array(3)],
    ['a number', 3],
    ['nothing', undefined],
  ])('must not be %s', async (_, items) => {
    await expect(enqueue('q', items as never, { url: brokerUrl() })).rejects.toMatchObject({ code: 'INVALID_ITEMS' })
  })
})

test('everything that is wrong with the options is said at once, before anything is sent', async () => {
  const error = await enqueue('', ['a'], { url: brokerUrl(), window: 0, confirmTimeoutMs: -1 }).catch(
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(ProducerError)
  expect(error.details.problems.map(({ path }: { path: string }) => path)).toEqual([
    'queue',
    'window',
    'confirmTimeoutMs',
  ])
})
