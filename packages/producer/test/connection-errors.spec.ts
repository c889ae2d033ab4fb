import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import { openChannel, openConfirmChannel } from '@internal/amqp'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { afterEach, expect, test, vi } from 'vitest'
import {
  collectResults,
  declareQueue,
  deleteBatch,
  deleteQueue,
  enqueue,
  inspectQueue,
  listDeadLetters,
  ProducerError,
  purgeDeadLetters,
  requeueDeadLetters,
} from '../src/index.ts'

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

test.each([
  "queue 'queue 'q' in vhost '/'' does not have a replica on the local node",
  "queue 'queue 'q' in vhost '/'' does not have a running replica on the local node",
  "stream queue 'q' in vhost '/' does not have a running replica on the local node",
  "failed consuming from stream queue 'q' in vhost '/': noproc",
])('a stream that its node has not started yet, as after a restart, is unavailable for now: %s', async (words) => {
  const said = `PRECONDITION_FAILED - ${words}`
  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error(`Channel closed by server: 406 (PRECONDITION-FAILED) with message "${said}"`), {
      code: 406,
    })
  }
  const connection = Object.assign(new EventEmitter(), {
    connection: { serverProperties: {} },
    createChannel: refuse,
    createConfirmChannel: refuse,
  })
  expect(await seen(inspectQueue('q', { connection }))).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true })
})

/** A connection of amqplib that is lost while the channel of that number is opened on it. */
function losing(real: Awaited<ReturnType<typeof connect>>, channel: number) {
  let opened = 0
  const open = async <T>(make: () => Promise<T>): Promise<T> => {
    opened += 1
    // The words of amqplib for a request without an answer.
    if (opened === channel) throw new Error('Channel ended, no reply will be forthcoming')
    return await make()
  }
  return {
    connection: real.connection,
    createChannel: () => open(() => real.createChannel()),
    createConfirmChannel: () => open(() => real.createConfirmChannel()),
    on: real.on.bind(real),
    off: real.off.bind(real),
    reached: () => opened >= channel,
  }
}

test('a connection that is lost while any of the channels of a call is opened is told with a code that may heal', async () => {
  const real = await connect(brokerUrl())
  real.on('error', () => {})
  try {
    await using queue = await testQueue(false)
    const batch = await enqueue(queue.name, ['a'], { url: brokerUrl(), results: true })
    await using dead = await testQueue(false)
    await declareQueue(dead.name, { url: brokerUrl() })
    await enqueue(`${dead.name}.dead`, ['b'], { url: brokerUrl() })
    type Call = (options: { readonly connection: ReturnType<typeof losing> }) => Promise<unknown>
    const calls: Record<string, Call> = {
      enqueue: (options) => enqueue(queue.name, ['c'], options),
      inspectQueue: (options) => inspectQueue(dead.name, options),
      declareQueue: (options) => declareQueue(dead.name, options),
      listDeadLetters: (options) => listDeadLetters(dead.name, options),
      requeueDeadLetters: (options) => requeueDeadLetters(dead.name, options),
      collectResults: async (options) => {
        for await (const _ of collectResults(batch, { ...options, signal: AbortSignal.timeout(1_500) })) break
      },
      purgeDeadLetters: (options) => purgeDeadLetters(dead.name, options),
      deleteBatch: (options) => deleteBatch(batch, options),
      deleteQueue: (options) => deleteQueue(dead.name, { ...options, discardItems: true }),
    }
    for (const [name, call] of Object.entries(calls)) {
      for (let channel = 1; ; channel++) {
        const connection = losing(real, channel)
        const error: unknown = await call({ connection }).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (!connection.reached()) break
        if (error === undefined) continue
        expect(error, `${name}, channel ${channel}`).toBeInstanceOf(ProducerError)
        expect(error, `${name}, channel ${channel}`).toMatchObject({ retryable: true })
      }
    }
  } finally {
    await real.close()
  }
})
