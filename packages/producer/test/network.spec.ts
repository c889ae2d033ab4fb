import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { tlsFront } from '@internal/testing/tls-front'
import { expect, test } from 'vitest'
import { EnqueueError, enqueue } from '../src/index.ts'
import { missing, takeAll } from './items-in-queue.ts'

/** Numbers as items; `at` is called in the middle. */
function* numbers(count: number, at: () => void): Generator<string> {
  for (let index = 0; index < count; index++) {
    if (index === Math.floor(count / 2)) at()
    yield String(index)
  }
}

test('a connection that is reset in the middle is opened again, and only what was unconfirmed is published again', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const window = 500
  const receipt = await enqueue(
    queue.name,
    numbers(5_000, () => proxy.sever()),
    { url: proxy.url, window },
  )
  expect(receipt).toMatchObject({ confirmed: 5_000 })
  expect(proxy.accepted).toBe(2)
  const found = await takeAll(brokerUrl(), queue.name)
  expect(missing(found, 5_000)).toEqual([])
  expect(found.duplicates).toBeLessThanOrEqual(window)
  expect(
    [...found.ids.values()].every((ids) => ids.size === 1),
    'a second copy has the id of the first',
  ).toBe(true)
})

test('a connection that is reset again and again still gets everything there', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  function* items() {
    for (let index = 0; index < 2_000; index++) {
      if (index % 400 === 399) proxy.sever()
      yield String(index)
    }
  }
  expect(await enqueue(queue.name, items(), { url: proxy.url, window: 100 })).toMatchObject({ confirmed: 2_000 })
  expect(missing(await takeAll(brokerUrl(), queue.name), 2_000)).toEqual([])
})

test('a half-open connection is noticed by its heartbeat, and left for another', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const half = (): void => {
    proxy.freeze()
    proxy.thaw()
  }
  const receipt = await enqueue(queue.name, numbers(1_000, half), { url: `${proxy.url}?heartbeat=1`, window: 100 })
  expect(receipt.confirmed).toBe(1_000)
  // On a busy machine a heartbeat may be missed on the next one too.
  expect(proxy.accepted).toBeGreaterThan(1)
  expect(missing(await takeAll(brokerUrl(), queue.name), 1_000)).toEqual([])
})

test('a slow network only takes longer', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  proxy.delay(30)
  expect(
    await enqueue(
      queue.name,
      numbers(500, () => {}),
      { url: proxy.url },
    ),
  ).toMatchObject({ confirmed: 500 })
  expect((await takeAll(brokerUrl(), queue.name)).duplicates).toBe(0)
})

test('frames that arrive byte by byte, in both directions, are the same frames', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  proxy.slice(1)
  expect(
    await enqueue(
      queue.name,
      numbers(50, () => {}),
      { url: proxy.url },
    ),
  ).toMatchObject({ confirmed: 50 })
  expect((await takeAll(brokerUrl(), queue.name)).duplicates).toBe(0)
})

test('a body of any size arrives whole, also where it takes many frames', async () => {
  await using queue = await testQueue()
  // Around the limits of a frame, which is 131072 bytes with RabbitMQ, and of a gathered write.
  const sizes = [0, 1, 65_000, 131_063, 131_064, 131_065, 1_000_000]
  const bodies = sizes.flatMap((size) => [Buffer.alloc(size, size % 251), 'ü'.repeat(size / 2)])
  await enqueue(queue.name, bodies, { url: brokerUrl() })
  for (const body of bodies) {
    const got = await queue.channel.get(queue.name, { noAck: true })
    expect((got || undefined)?.content.equals(Buffer.from(body)), `${body.length}`).toBe(true)
  }
})

test('a connect that hangs ends with its deadline, and a second attempt may succeed', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  proxy.freeze()
  const logged: string[] = []
  const receipt = await enqueue(queue.name, ['a'], {
    url: proxy.url,
    // Also that of the second attempt, which is to succeed.
    connectTimeoutMs: 3_000,
    logger: {
      info: () => {},
      warn: (_, text) => {
        logged.push(text)
        proxy.thaw()
      },
    },
  })
  expect(receipt.confirmed).toBe(1)
  expect(logged).toEqual([expect.stringMatching(/did not answer in time\. Trying again\./)])
})

test('a network that is gone for good leaves the unconfirmed unknown, and nothing pending', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const gone = (): void => {
    proxy.freeze()
    proxy.sever()
  }
  const error = await enqueue(queue.name, numbers(1_000, gone), {
    url: proxy.url,
    window: 100,
    // Also those of the first connection, which is to be opened.
    connectTimeoutMs: 3_000,
    reconnectForMs: 3_000,
  }).catch((reason) => reason)
  expect(error).toBeInstanceOf(EnqueueError)
  const { total, confirmed, unknown } = (error as EnqueueError).counts
  expect(confirmed + unknown).toBe(total)
  expect(unknown).toBeGreaterThan(0)
})

test('a connection that breaks as often as it is opened ends the call after reconnectForMs', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  let isBad = false
  const breaks = (): void => {
    isBad = true
    proxy.sever()
  }
  const error = await enqueue(queue.name, numbers(1_000, breaks), {
    url: proxy.url,
    window: 100,
    reconnectForMs: 3_000,
    // The handshake is over by then; the next word on the connection is its last.
    on: { connected: () => isBad && proxy.severAfter(1) },
  }).catch((reason) => reason)
  expect(error).toBeInstanceOf(EnqueueError)
  const { total, confirmed, unknown } = (error as EnqueueError).counts
  expect(confirmed + unknown).toBe(total)
  expect(unknown).toBeGreaterThan(0)
  expect(proxy.accepted, 'tried again, and not only once').toBeGreaterThan(2)
})

test('over TLS items are confirmed when tls.ca names the authority; a certificate of another is refused at once', async () => {
  await using queue = await testQueue()
  await using front = await tlsFront(brokerUrl())
  const refused = { code: 'TLS_UNTRUSTED', retryable: false }
  await expect(enqueue(queue.name, ['a'], { url: front.url })).rejects.toMatchObject(refused)
  const tls = { ca: front.ca }
  await expect(enqueue(queue.name, ['a'], { url: front.urlByNumber, tls })).rejects.toMatchObject(refused)
  const items = Array.from({ length: 1_000 }, (_, index) => `item-${index}`)
  expect(await enqueue(queue.name, items, { url: front.url, tls })).toMatchObject({ confirmed: 1_000 })
  expect(await queue.drain()).toEqual(items)
})

test('plain AMQP to a port that speaks TLS fails at once, on any port', async () => {
  const sockets = new Set<Socket>()
  const server = createTlsServer().listen(0, '127.0.0.1')
  server.on('connection', (socket: Socket) => void sockets.add(socket))
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await expect(enqueue('q', ['a'], { url: `amqp://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'TLS_MISMATCH',
      retryable: false,
      hint: expect.stringMatching(/amqps/),
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

test('a peer that speaks another protocol is not waited for longer than the deadline', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const options = { url: `amqp://127.0.0.1:${port}`, connectTimeoutMs: 500, reconnectForMs: 0 }
    await expect(enqueue('q', ['a'], options)).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' })
  } finally {
    server.close()
  }
})
