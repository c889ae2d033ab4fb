import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import { openChannel, openConfirmChannel } from '@internal/amqp'
import { brokerUrl } from '@internal/testing/broker-url'
import { afterEach, expect, test, vi } from 'vitest'
import { enqueue, ProducerError } from '../src/index.ts'

const PASSWORD = 'n0t-to-be-seen'

afterEach(() => vi.unstubAllEnvs())

/** Everything that a person or a log could see of an error. */
async function seen(call: Promise<unknown>): Promise<ProducerError> {
  const error: unknown = await call.catch((reason) => reason)
  expect(error).toBeInstanceOf(ProducerError)
  const failure = error as ProducerError
  expect(failure.hint).not.toBe('')
  const { inspect } = await import('node:util')
  expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain(PASSWORD)
  return failure
}

function withParts(
  parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'protocol' | 'port' | 'hostname'>>,
): string {
  return Object.assign(new URL(brokerUrl()), parts).href
}

test('no address at all says where one may come from', async () => {
  vi.stubEnv('BROKER_URL', '')
  expect(await seen(enqueue('q', ['a']))).toMatchObject({ code: 'BROKER_URL_MISSING', retryable: false })
})

test('a missing url is taken from BROKER_URL', async () => {
  vi.stubEnv('BROKER_URL', 'http://somewhere')
  expect(await seen(enqueue('q', ['a']))).toMatchObject({ code: 'BROKER_URL_INVALID' })
})

test.each([
  ['no address', 'rabbitmq-service', /does not begin with amqp/],
  ['the scheme http:', `http://user:${PASSWORD}@host`, /scheme is http:/],
  ['an unescaped # in the password', `amqp://user:${PASSWORD}#1@host`, /# that is not escaped/],
  ['an unescaped / in the password', `amqp://user:${PASSWORD}/1@host`, /\/ that is not escaped/],
  ['a port that is not a number', `amqp://user:${PASSWORD}@host:port`, /host or port/],
  ['the empty vhost', `amqp://user:${PASSWORD}@host/`, /empty name/],
  ['a % that escapes nothing', `amqp://user:${PASSWORD}%zz@host`, /%/],
  ['an unknown parameter', `amqp://user:${PASSWORD}@host?frame=1`, /a parameter that is not known/],
])('%s is refused before connecting', async (_, url, message) => {
  expect(await seen(enqueue('q', ['a'], { url }))).toMatchObject({
    code: 'BROKER_URL_INVALID',
    message: expect.stringMatching(message),
  })
})

test('no broker there is retried, and then says so', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  const error = await seen(
    enqueue('q', ['a'], { url: `amqp://user:${PASSWORD}@127.0.0.1:${port}`, reconnectForMs: 1_000 }),
  )
  expect(error).toMatchObject({
    code: 'BROKER_UNREACHABLE',
    retryable: true,
    message: expect.stringMatching(/Tried \d+ times/),
  })
})

test('a peer that accepts and says nothing ends with the deadline', async () => {
  const sockets: { destroy(): void }[] = []
  const server = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const options = { url: `amqp://127.0.0.1:${port}`, connectTimeoutMs: 200, reconnectForMs: 0 }
  expect(await seen(enqueue('q', ['a'], options))).toMatchObject({ code: 'BROKER_UNREACHABLE', retryable: true })
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('a wrong password fails at once', async () => {
  const url = withParts({ username: 'guest', password: PASSWORD })
  expect(await seen(enqueue('q', ['a'], { url }))).toMatchObject({ code: 'CREDENTIALS_REFUSED', retryable: false })
})

test('a vhost that does not exist fails at once', async () => {
  const url = withParts({ pathname: '/no-such-vhost' })
  expect(await seen(enqueue('q', ['a'], { url }))).toMatchObject({ code: 'VHOST_REFUSED', retryable: false })
})

test('TLS to a plain port fails at once', async () => {
  const { port } = new URL(brokerUrl())
  const url = brokerUrl()
    .replace('amqp:', 'amqps:')
    .replace(/:\d+$/, `:${port || 5672}`)
  expect(await seen(enqueue('q', ['a'], { url }))).toMatchObject({ code: 'TLS_MISMATCH', retryable: false })
})

test('the signal ends a wait for the broker', async () => {
  const aborting = AbortSignal.timeout(200)
  const call = enqueue('q', ['a'], { url: 'amqp://127.0.0.1:1', signal: aborting })
  expect(await seen(call)).toMatchObject({ code: 'ABORTED' })
})

test('a connection that closes while a channel is opened on it is told as lost, although the channel never tells', async () => {
  const connection = Object.assign(new EventEmitter(), {
    connection: { serverProperties: {} },
    createChannel: async () => closeFirst(),
    createConfirmChannel: async () => closeFirst(),
  })
  // The answer and the close of the broker arrive in one read, so both are handled before the caller goes on.
  const closeFirst = (): object => {
    connection.emit('close')
    return new EventEmitter()
  }
  await expect(openChannel(connection)).rejects.toThrow('The connection was closed')
  await expect(openConfirmChannel(connection)).rejects.toThrow('The connection was closed')
  expect(connection.listenerCount('close')).toBe(0)
})
