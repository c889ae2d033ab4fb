import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as pause } from 'node:timers/promises'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { type AckDiagnostic, consumeMany, DeadLetterError, type Item } from '../src/index.ts'
import { failureOf, options } from './call.ts'
import { consumeRequest } from './frames.ts'

const bodies = (count: number): string[] => Array.from({ length: count }, (_, index) => `item ${index}`)

/** The number of items left in the queue, none of which may have been delivered before. */
async function untouched(queue: TestQueue): Promise<number> {
  for (let count = 0; ; count++) {
    const item = await queue.channel.get(queue.name, { noAck: true })
    if (item === false) return count
    expect(item.fields.redelivered).toBe(false)
    expect(item.properties.headers?.['x-delivery-count'] ?? 0).toBe(0)
  }
}

test.each([
  ['quorum', 1],
  ['quorum', 16],
  ['classic', 1],
  ['classic', 16],
] as const)(
  'on a %s queue with concurrency %d, each item is done once and the call ends when the queue is empty',
  async (type, concurrency) => {
    await using queue = await testQueue(type)
    await queue.publish(...bodies(100))
    const seen: string[] = []
    let running = 0
    let most = 0
    const handler = async (item: Item): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(item.text())
      running -= 1
    }
    const outcome = await consumeMany(handler, { ...options(queue.name), concurrency })
    expect(outcome).toEqual({ status: 'empty', done: 100, deadLettered: 0, failed: 0 })
    expect(seen.toSorted()).toEqual(bodies(100).toSorted())
    expect(most).toBeLessThanOrEqual(concurrency)
  },
)

test.each([
  ['quorum', 1, 7],
  ['quorum', 16, 20],
  ['quorum', 16, 3],
  ['classic', 16, 20],
] as const)(
  'on a %s queue with concurrency %d and maxItems %d, no other item is touched',
  async (type, concurrency, maxItems) => {
    await using queue = await testQueue(type)
    await queue.publish(...bodies(60))
    const outcome = await consumeMany(() => {}, { ...options(queue.name), concurrency, maxItems })
    expect(outcome).toEqual({ status: 'max-items', done: maxItems, deadLettered: 0, failed: 0 })
    await queue.until(({ ready, consumers }) => ready === 60 - maxItems && consumers === 0)
    expect(await untouched(queue)).toBe(60 - maxItems)
  },
)

test('a failing item does not stop the others, and ends among the dead letters after the limit, with its reason', async () => {
  await using queue = await testQueue()
  await queue.publish(...bodies(9), 'poison')
  let attempts = 0
  const handler = (item: Item): void => {
    if (item.text() !== 'poison') return
    attempts += 1
    throw new Error('it never works')
  }
  const outcome = await consumeMany(handler, {
    ...options(queue.name),
    concurrency: 4,
    idleTimeoutMs: 60_000,
    maxConsecutiveFailures: 100,
  })
  expect(outcome).toEqual({ status: 'empty', done: 9, deadLettered: 0, failed: 6 })
  expect(attempts).toBe(6)
  // The broker sets it aside at its own pace.
  await expect
    .poll(() => queue.channel.get(`${queue.name}.dead`, { noAck: true }))
    .toMatchObject({
      content: Buffer.from('poison'),
      properties: { headers: { 'x-death': [{ reason: 'delivery_limit' }] } },
    })
})

test('after maxDurationMs nothing more is taken, what is in hand is finished, and no other item is touched', async () => {
  await using queue = await testQueue()
  await queue.publish(...bodies(30))
  const maxDurationMs = 3_000
  const inHand = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  let taken = 0
  const call = consumeMany(
    async () => {
      taken += 1
      if (taken === 4) inHand.resolve()
      await over.promise
    },
    // It has four in hand long before.
    { ...options(queue.name), maxDurationMs, concurrency: 4 },
  )
  await inHand.promise
  await pause(maxDurationMs)
  over.resolve()
  expect(await call).toEqual({ status: 'max-duration', done: 4, deadLettered: 0, failed: 0 })
  expect(await untouched(queue)).toBe(26)
})

test('maxDurationMs also ends the wait for an item', async () => {
  await using queue = await testQueue()
  const outcome = await consumeMany(() => {}, { ...options(queue.name), empty: 'wait', maxDurationMs: 300 })
  expect(outcome).toEqual({ status: 'max-duration', done: 0, deadLettered: 0, failed: 0 })
})

test('a worker that fails everything gives up before it has used up the deliveries of the queue', async () => {
  await using queue = await testQueue()
  await queue.publish(...bodies(8))
  const error = await failureOf(
    consumeMany(() => Promise.reject(new Error('no disk')), { ...options(queue.name), concurrency: 3 }),
  )
  expect(error).toMatchObject({ code: 'TOO_MANY_FAILURES', details: { done: 0, deadLettered: 0 } })
  expect(error.message).toContain('no disk')
  await queue.until(({ ready }) => ready === 8)
  expect(await queue.drain('dead')).toEqual([])
})

test.each([
  ['done', () => {}, { done: 3, deadLettered: 0 }],
  [
    'dead-lettered',
    () => {
      throw new DeadLetterError('It is hopeless.')
    },
    { done: 0, deadLettered: 3 },
  ],
])('an item that is %s begins a new count of failures in a row', async (_, end, counts) => {
  await using queue = await testQueue()
  await queue.publish(...bodies(3))
  let attempts = 0
  const handler = (): void => {
    if (++attempts % 3 !== 0) throw new Error('not yet')
    end()
  }
  const result = await consumeMany(handler, { ...options(queue.name), maxConsecutiveFailures: 3 })
  expect(result).toEqual({ status: 'empty', failed: 6, ...counts })
})

test('on a signal, those that finish in their grace are done, the others are released, and all are accounted for', async () => {
  await using queue = await testQueue()
  await queue.publish(...bodies(6))
  const ending = new AbortController()
  const started = new Set<string>()
  const call = consumeMany(
    async (item, { signal }) => {
      started.add(item.text())
      if (started.size === 4) ending.abort(new Error('node drain'))
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      if (item.text() === 'item 3') throw new Error('cut short')
    },
    { ...options(queue.name), concurrency: 4, signal: ending.signal, graceMs: 5_000 },
  )
  expect(await failureOf(call)).toMatchObject({ code: 'RELEASED', details: { done: 3, failed: 0 } })
  await queue.until(({ ready, consumers }) => ready === 3 && consumers === 0)
  expect((await queue.drain()).toSorted()).toEqual(['item 3', 'item 4', 'item 5'])
})

test('a connection that breaks loses the leases of all in hand, and the next worker does them', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish(...bodies(10))
  let running = 0
  const call = consumeMany(
    async (_, { signal }) => {
      if (++running === 4) proxy.sever()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
    { ...options(queue.name, proxy.url), concurrency: 4 },
  )
  expect(await failureOf(call)).toMatchObject({ code: 'LEASE_LOST', details: { done: 0 } })
  expect(await consumeMany(() => {}, options(queue.name))).toMatchObject({ status: 'empty', done: 10 })
})

test('answers that the broker never takes are not called done', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const call = consumeMany(() => proxy.freeze(), { ...options(queue.name, proxy.url), ackTimeoutMs: 300 })
  expect(await failureOf(call)).toMatchObject({ code: 'ACK_UNCONFIRMED' })
})

test('a connection that breaks between items is opened again, the count goes on, and healed outages do not add up', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const waiting = { ...options(queue.name, proxy.url), empty: 'wait', maxItems: 3 } as const
  // Less than the shortest pause before a connection is opened again: two outages that added up would be too long.
  const call = consumeMany(() => {}, { ...waiting, reconnectForMs: 400 })
  for (const body of ['a', 'b']) {
    const accepted = ackOf(queue)
    await queue.publish(body)
    // Now nothing is in hand, and this connection has consumed.
    await accepted
    const again = proxy.said('client', consumeRequest)
    proxy.sever()
    await again
  }
  await queue.publish('c')
  expect(await call).toEqual({ status: 'max-items', done: 3, deadLettered: 0, failed: 0 })
})

/** Resolves once the broker's channel has taken an ack of an item of this queue. */
async function ackOf({ name }: TestQueue): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const listener = (message: unknown): void => {
    const { queue, phase } = message as AckDiagnostic
    if (queue === name && phase === 'accepted') resolve()
  }
  subscribe('podqueue:ack', listener)
  await promise.finally(() => unsubscribe('podqueue:ack', listener))
}

test('an item for the dead letters counts toward maxItems, a failed one does not', async () => {
  await using queue = await testQueue()
  await queue.publish('hopeless', 'flaky', 'good')
  let flaky = 0
  const outcome = await consumeMany(
    (item) => {
      if (item.text() === 'hopeless') throw new DeadLetterError('It is hopeless.')
      if (item.text() === 'flaky' && flaky++ === 0) throw new Error('once')
    },
    { ...options(queue.name), maxItems: 3 },
  )
  expect(outcome).toEqual({ status: 'max-items', done: 2, deadLettered: 1, failed: 1 })
  expect(await queue.drain('dead')).toEqual(['hopeless'])
})
