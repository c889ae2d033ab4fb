import dns from 'node:dns'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { inspect } from 'node:util'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, expect, test, vi } from 'vitest'
import { consumeMany, consumeOne, type WorkerError } from '../src/index.ts'
import { failureOf, options } from './call.ts'

const PASSWORD = 'n0t-to-be-seen'

const servers = new Map<Server, Set<Socket>>()
afterEach(() => {
  for (const [server, sockets] of servers) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  servers.clear()
})

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  servers.set(server, sockets)
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

async function refusal(url: string): Promise<WorkerError> {
  const call = { ...options('q', url), reconnectForMs: 0 }
  const error = await failureOf(consumeOne(() => 'never', call))
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD)
  return error
}

const brokerWith = (parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'protocol'>>): string =>
  Object.assign(new URL(brokerUrl()), parts).href

test('a wrong password is named, and not shown', async () => {
  const url = brokerWith({ username: 'nobody', password: PASSWORD })
  expect(await refusal(url)).toMatchObject({ code: 'CREDENTIALS_REFUSED', retryable: false })
})

test('a vhost that is not there is named, although more was sent behind it', async () => {
  expect(await refusal(brokerWith({ pathname: '/no-such-vhost' }))).toMatchObject({ code: 'VHOST_REFUSED' })
})

test('amqps: to a plain port is named', async () => {
  expect(await refusal(brokerWith({ protocol: 'amqps:' }))).toMatchObject({ code: 'TLS_MISMATCH' })
})

test('amqp: to a TLS port is named', async () => {
  // It has no certificate, so it answers a TLS greeting with an alert, and closes any other connection.
  const host = await listening(createTlsServer())
  expect(await refusal(`amqp://user:${PASSWORD}@${host}`)).toMatchObject({ code: 'TLS_MISMATCH' })
})

test('a peer that accepts and says nothing ends with the deadline', async () => {
  const host = await listening(createServer())
  const error = await failureOf(
    consumeOne(() => 'never', { ...options('q', `amqp://${host}`), reconnectForMs: 0, connectTimeoutMs: 100 }),
  )
  expect(error).toMatchObject({ code: 'BROKER_UNREACHABLE', retryable: true })
})

test('a call that tries again says so on standard error at once, when no logger hears of it', async () => {
  const warnings: Error[] = []
  const warned = Promise.withResolvers<void>()
  const note = (warning: Error): void => {
    warnings.push(warning)
    warned.resolve()
  }
  process.on('warning', note)
  try {
    const logged: string[] = []
    const logger = { info: () => {}, warn: (_: object, line: string) => logged.push(line) }
    const nowhere = options('q', `amqp://user:${PASSWORD}@127.0.0.1:1`)
    await failureOf(consumeOne(() => 'never', { ...nowhere, logger, reconnectForMs: 3_000 }))
    expect(logged[0]).toMatch(/Trying again/)
    const ending = new AbortController()
    // Its own end comes in ten minutes.
    const call = consumeOne(() => 'never', { ...nowhere, reconnectForMs: 600_000, signal: ending.signal })
    await warned.promise
    ending.abort()
    await failureOf(call)
    expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'PodqueueWarning: No broker answers at amqp://127.0.0.1:1: nothing listens there (ECONNREFUSED). Trying again.',
    ])
  } finally {
    process.off('warning', note)
  }
})

test('a signal ends a connect that hangs', async () => {
  const host = await listening(createServer())
  const ending = new AbortController()
  const server = [...servers.keys()][0]
  server?.once('connection', () => ending.abort())
  const call = consumeOne(() => 'never', { ...options('q', `amqp://${host}`), signal: ending.signal })
  expect(await failureOf(call)).toMatchObject({ code: 'ABORTED' })
})

test('frames that arrive byte by byte are the same frames', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  proxy.slice(1)
  await queue.publish('a', 'b', 'c')
  expect(
    await consumeOne((item) => item.text(), { ...options(queue.name, proxy.url), emptyCheckDelayMs: 20_000 }),
  ).toEqual({
    status: 'done',
    result: 'a',
  })
  expect(
    await consumeMany(() => {}, {
      ...options(queue.name, proxy.url),
      emptyCheckDelayMs: 20_000,
      concurrency: 2,
      maxItems: 2,
    }),
  ).toMatchObject({ done: 2 })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test.each(['quorum', 'classic'] as const)(
  'on a %s queue, an item that takes longer to arrive than the worker waits is not an empty queue',
  async (type) => {
    await using queue = await testQueue(type)
    const body = Buffer.alloc(10_000_000, 7)
    await queue.publish(body)
    const outcome = await consumeOne((item) => item.body.equals(body), { ...options(queue.name), emptyCheckDelayMs: 1 })
    expect(outcome).toEqual({ status: 'done', result: true })
  },
)

const notFound = (): Error =>
  Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })

test('a host name that does not resolve is an error after notFoundRetryMs, with a line at once', async () => {
  const said: string[] = []
  const logger = { info: () => {}, warn: (_: object, text: string) => void said.push(text) }
  using _ = vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    const callback = args.at(-1) as (error: Error) => void
    setImmediate(() => callback(notFound()))
  }) as never)
  const call = { ...options('q', 'amqp://rabbitmq-servise'), notFoundRetryMs: 3_000, logger }
  const error = await failureOf(consumeOne(() => 'never', call))
  expect(error).toMatchObject({ code: 'HOST_NOT_FOUND' })
  expect(error.message).toContain('rabbitmq-servise')
  expect(said.length).toBeGreaterThan(0)
})

test('a host name that does not resolve for a moment is tried again', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const { lookup } = dns
  let asked = 0
  using _ = vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    const callback = args.at(-1) as (error: Error) => void
    if (++asked === 1) setImmediate(() => callback(notFound()))
    else Reflect.apply(lookup, dns, ['localhost', ...args.slice(1)])
  }) as never)
  const url = Object.assign(new URL(brokerUrl()), { hostname: 'rabbitmq-service' }).href
  expect(await consumeOne((item) => item.text(), options(queue.name, url))).toEqual({ status: 'done', result: 'a' })
})
