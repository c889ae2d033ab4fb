import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { consumeMany, consumeOne } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { cancelRequest, declareOk } from './frames.ts'

/** A proxy for each of a number of workers. It sees what its worker does for a moment, which a reading of the queue may miss. */
async function severalProxies(count: number) {
  await using stack = new AsyncDisposableStack()
  const proxies = await Promise.all(Array.from({ length: count }, () => tcpProxy(brokerUrl())))
  for (const proxy of proxies) stack.use(proxy)
  const kept = stack.move()
  return {
    urls: proxies.map(({ url }) => url),
    /** Resolves once the worker behind each has said something that fits. */
    haveSeen: (fits: (piece: Buffer) => boolean) => Promise.all(proxies.map((proxy) => proxy.said('client', fits))),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

test.each(['quorum', 'classic'] as const)(
  '16 idle workers of a %s queue wait for the last item, and all leave after its ack, long before idleTimeoutMs',
  async (type) => {
    await using queue = await testQueue(type)
    await queue.publish('last')
    const busy = gate()
    const last = consumeOne(busy.handler, options(queue.name))
    await busy.entered
    await using proxies = await severalProxies(16)
    const standingAside = proxies.haveSeen(cancelRequest)
    let left = 0
    const idle = proxies.urls.map(async (url) => {
      const outcome = await consumeOne(() => 'never', { ...options(queue.name, url), idleTimeoutMs: 3_600_000 })
      left += 1
      return outcome.status
    })
    // Each has looked.
    await standingAside
    expect(left).toBe(0)
    busy.open('done')
    await last
    expect(new Set(await Promise.all(idle))).toEqual(new Set(['empty']))
  },
)

test.each(['quorum', 'classic'] as const)(
  'an item of a %s queue whose worker dies is found by one that was waiting',
  async (type) => {
    await using queue = await testQueue(type)
    await queue.publish('a')
    // A client that takes it and dies without a word, as a worker that is killed.
    const dying = await connect(brokerUrl())
    dying.on('error', () => {})
    const channel = await dying.createChannel()
    await channel.prefetch(1)
    await new Promise((resolve) => void channel.consume(queue.name, resolve))
    await using proxies = await severalProxies(3)
    const standingAside = proxies.haveSeen(cancelRequest)
    const waiting = proxies.urls.map((url) => consumeOne((item) => item.text(), options(queue.name, url)))
    await standingAside
    await queue.until(({ consumers }) => consumers === 1)
    const socket = (dying.connection as unknown as { stream: { destroy(): void } }).stream
    socket.destroy()
    const outcomes = await Promise.all(waiting)
    expect(outcomes.filter(({ status }) => status === 'done')).toEqual([{ status: 'done', result: 'a' }])
    expect(outcomes.filter(({ status }) => status === 'empty')).toHaveLength(2)
  },
)

test('with the default options, the only worker of an empty queue leaves after two looks, and without standing aside', async () => {
  // A quorum queue reads as 0 and 0 when its leader is slow, which takes further looks.
  await using queue = await testQueue('classic')
  await using proxy = await tcpProxy(brokerUrl())
  let looks = 0
  const counting = (async () => {
    for (;;) {
      await proxy.said('broker', declareOk)
      looks += 1
    }
  })()
  counting.catch(() => {})
  const said: string[] = []
  const logger = { info: (_: object, text: string) => void said.push(text), warn: () => {} }
  expect(await consumeOne(() => 'never', { queue: queue.name, url: proxy.url, logger })).toEqual({ status: 'empty' })
  expect({ looks, said }).toEqual({ looks: 2, said: [] })
})

test('a worker that another keeps waiting leaves at idleTimeoutMs, and consumeMany the same', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const busy = gate()
  const ending = new AbortController()
  const holding = failureOf(consumeOne(busy.handler, { ...options(queue.name), signal: ending.signal, graceMs: 10 }))
  await busy.entered
  const patience = { ...options(queue.name), idleTimeoutMs: 24_001 }
  const outcomes = await Promise.all([consumeOne(() => {}, patience), consumeMany(() => {}, patience)])
  expect(outcomes).toMatchObject([{ status: 'empty' }, { status: 'empty', done: 0 }])
  ending.abort()
  expect(await holding).toMatchObject({ code: 'RELEASED' })
})
