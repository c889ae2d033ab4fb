import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TcpProxy, tcpProxy } from '@internal/testing/tcp-proxy'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consumeMany, consumeOne, DeadLetterError, type WorkerError } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { ack, cancelRequest, channelClose, connectionClose, consumeRequest, readsNothing } from './frames.ts'
import { type OwnBroker, ownBroker } from './own-broker.ts'
import { startCommand } from './start-command.ts'

/** The broker of this file: its tests stop it, starve it and change its settings. */
const broker = await ownBroker()
afterAll(() => broker?.[Symbol.asyncDispose]())
const on43 = broker?.is43 === true
if (broker !== undefined && !on43) {
  process.stderr.write(`skipped: the consumer timeout of 4.3, since this broker is ${broker.version}\n`)
}
const it = test.skipIf(broker === undefined)
const the = broker as OwnBroker

beforeAll(async () => {
  // The interval in which a channel before 4.3 checks its timeout. The default is a minute.
  await broker?.evaluate('application:set_env(rabbit, channel_tick_interval, 200).')
})

it('a leader that does not answer is not an empty queue: no worker says so, and the patient do its items in the end', {
  timeout: 90_000,
}, async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a', 'b')
  const goOn = await the.stopLeader(queue.name)
  const patient = [1, 2].map(() =>
    consumeOne((item) => item.text(), { ...options(queue.name, the.url), idleTimeoutMs: 80_000 }),
  )
  const impatient = { ...options(queue.name, the.url), idleTimeoutMs: 24_001, ackTimeoutMs: 1_000 }
  const command = startCommand(['--queue', queue.name, '--idle-timeout-ms', '24001', '--', 'cat'], {
    BROKER_URL: the.url,
  })
  const ends = await Promise.all([
    failureOf(consumeOne(() => {}, impatient)),
    failureOf(consumeMany(() => {}, impatient)),
    command.exited,
  ]).finally(goOn)
  expect(ends).toMatchObject([{ code: 'QUEUE_UNAVAILABLE' }, { code: 'QUEUE_UNAVAILABLE' }, { code: 69, stdout: '' }])
  const results = (await Promise.all(patient)).map((outcome) => outcome.status === 'done' && outcome.result)
  expect(results.toSorted()).toEqual(['a', 'b'])
})

it('a leader that stops answering while workers wait is not an empty queue: what another gives back is done', {
  timeout: 90_000,
}, async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await using proxy = await tcpProxy(the.url)
  await queue.publish('a')
  const busy = gate()
  const holding = failureOf(consumeOne(busy.handler, options(queue.name, the.url)))
  await busy.entered
  const standsAside = proxy.said('client', cancelRequest)
  const waiting = consumeOne((item) => item.text(), { ...options(queue.name, proxy.url), idleTimeoutMs: 80_000 })
  await standsAside
  await queue.until(({ consumers }) => consumers === 1)
  const misled = proxy.said('broker', readsNothing)
  const goOn = await the.stopLeader(queue.name)
  // It has been told of 0 items and 0 consumers.
  await misled.finally(goOn)
  busy.fail(new Error('given back'))
  expect(await holding).toMatchObject({ code: 'HANDLER_FAILED' })
  expect(await waiting).toEqual({ status: 'done', result: 'a' })
})

it('a signal ends the wait for a leader that does not answer', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await using proxy = await tcpProxy(the.url)
  const goOn = await the.stopLeader(queue.name)
  const ending = new AbortController()
  const asked = proxy.said('client', consumeRequest)
  const waiting = { ...options(queue.name, proxy.url), empty: 'wait', ackTimeoutMs: 300 } as const
  const call = failureOf(consumeOne(() => 'never', { ...waiting, signal: ending.signal }))
  await asked
  ending.abort()
  expect(await call.finally(goOn)).toMatchObject({ code: 'ABORTED' })
})

it('a broker whose node is stopped is not an empty queue: no worker exits with 0, and the items are done once it goes on', {
  timeout: 90_000,
}, async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a')
  await the.pause()
  const impatient = { reconnectForMs: 500, connectTimeoutMs: 500 }
  const ends = await Promise.all(
    [1, 2].map(() => failureOf(consumeOne(() => {}, { ...options(queue.name, the.url), ...impatient }))),
  ).finally(() => the.resume())
  expect(ends).toMatchObject([{ code: 'BROKER_UNREACHABLE' }, { code: 'BROKER_UNREACHABLE' }])
  expect(await consumeMany(() => {}, options(queue.name, the.url))).toMatchObject({ status: 'empty', done: 1 })
})

it('a worker that waits on a node that is stopped for long comes back for the item', { timeout: 90_000 }, async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  const noticed = Promise.withResolvers<void>()
  let isPaused = false
  const warn = ({ code }: Readonly<Record<string, unknown>>): void => {
    // On a busy machine there may be faults before.
    if (isPaused && code === 'CONNECTION_LOST') noticed.resolve()
  }
  const call = consumeOne((item) => item.text(), {
    ...options(queue.name, `${the.url}?heartbeat=1`),
    empty: 'wait',
    connectTimeoutMs: 1_000,
    logger: { info: () => {}, warn },
  })
  await until(async () => (await queue.channel.checkQueue(queue.name)).consumerCount === 1)
  isPaused = true
  await the.pause()
  // It has left the connection that says nothing any more.
  await noticed.promise.finally(() => the.resume())
  await using after = await testQueue(false, { url: the.url })
  after.channel.publish('', queue.name, Buffer.from('b'), { persistent: true })
  expect(await call).toEqual({ status: 'done', result: 'b' })
})

it('an ack that a stopped leader never answers is not called done, and nothing is lost', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a')
  let goOn: () => Promise<void> = async () => {}
  const call = consumeOne(
    async () => {
      goOn = await the.stopLeader(queue.name)
    },
    { ...options(queue.name, the.url), ackTimeoutMs: 2_000 },
  ).catch((error: WorkerError) => error.code)
  const end = await call
  await goOn()
  expect(['ACK_UNCONFIRMED', 'LEASE_LOST']).toContain(end)
})

it('a worker that takes too long loses its lease: its handler is aborted, and the item goes to the next', {
  timeout: 120_000,
}, async () => {
  await using short = await shortConsumerTimeout(the)
  await using queue = await testQueue('quorum', { url: the.url, arguments: short.arguments })
  await queue.publish('slow')
  const busy = gate()
  const call = failureOf(consumeOne(busy.handler, options(queue.name, the.url)))
  expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
  expect(await call).toMatchObject({ code: 'LEASE_LOST', retryable: true })
  const again = await consumeOne((item) => [item.text(), item.deliveryCount], options(queue.name, the.url))
  expect(again).toEqual({ status: 'done', result: ['slow', 2] })
})

it.each([
  ['hears so only after its ack', (proxy: TcpProxy) => proxy.said('client', ack), 'LEASE_LOST'],
  ['never hears so', () => new Promise<void>(() => {}), 'ACK_UNCONFIRMED'],
] as const)(
  'an item that the broker took back between the handler and its ack is not called done, when the worker %s',
  {
    timeout: 120_000,
  },
  async (_, until, code) => {
    await using short = await shortConsumerTimeout(the)
    await using queue = await testQueue('quorum', { url: the.url, arguments: short.arguments })
    await using proxy = await tcpProxy(the.url)
    await queue.publish('slow')
    let heard = false
    const call = consumeOne(
      async (_, { signal }) => {
        proxy.holdBack(until(proxy))
        await takenBack(queue, proxy)
        heard = signal.aborted
      },
      { ...options(queue.name, proxy.url), ackTimeoutMs: 2_000 },
    )
    expect(await failureOf(call)).toMatchObject({ code, retryable: true })
    expect(heard).toBe(false)
  },
)

it('75: the broker took the item back before the ack of a program that exited with 0', {
  timeout: 120_000,
}, async () => {
  await using short = await shortConsumerTimeout(the, 3_000)
  await using queue = await testQueue('quorum', { url: the.url, arguments: short.arguments })
  await using proxy = await tcpProxy(the.url)
  await queue.publish('slow')
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-fifo-'))
  try {
    const gone = join(folder, 'gone')
    execFileSync('mkfifo', [gone])
    const program = `echo up; read -r _ <${gone}; echo finished`
    const worker = startCommand(['--queue', queue.name, '--', 'sh', '-c', program], { BROKER_URL: proxy.url })
    await worker.printed('up')
    proxy.holdBack(proxy.said('client', ack))
    await takenBack(queue, proxy)
    await writeFile(gone, 'yes\n')
    const { code, stdout, stderr } = await worker.exited
    expect({ code, stdout }).toEqual({ code: 75, stdout: 'up\nfinished\n' })
    expect(stderr).toMatch(/LEASE_LOST/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.skipIf(!on43)('an item that is always too slow is set aside in the end', { timeout: 120_000 }, async () => {
  await using short = await shortConsumerTimeout(the)
  await using queue = await testQueue('quorum', { url: the.url, arguments: short.arguments })
  await queue.publish('slow')
  const ends: string[] = []
  while (ends.at(-1) !== 'dead-lettered' && ends.length < 10) {
    const slow = gate()
    const call = consumeOne(slow.handler, { ...options(queue.name, the.url), uncountedLimit: 2, empty: 'wait' })
    ends.push(
      await call.then(
        (outcome) => outcome.status as string,
        (error: WorkerError) => error.code as string,
      ),
    )
  }
  expect(ends).toEqual(['LEASE_LOST', 'LEASE_LOST', 'LEASE_LOST', 'dead-lettered'])
  expect(await queue.drain('dead')).toEqual(['slow'])
})

it('under a memory alarm items are done all the same, and one for the dead letters goes back', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('hopeless', 'good')
  await the.rabbitmqctl('set_vm_memory_high_watermark', '0.00001')
  try {
    const hopeless = (): never => {
      throw new DeadLetterError('It is hopeless.')
    }
    const call = consumeOne(hopeless, { ...options(queue.name, the.url), ackTimeoutMs: 1_000 })
    expect(await failureOf(call)).toMatchObject({ code: 'DEAD_LETTER_FAILED' })
    const outcome = await consumeMany(() => {}, { ...options(queue.name, the.url), maxItems: 2 })
    expect(outcome).toMatchObject({ status: 'max-items', done: 2 })
  } finally {
    await the.rabbitmqctl('set_vm_memory_high_watermark', '0.6')
  }
})

it('without write permission an item for the dead letters goes back, and the error says which permission', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('x')
  const user = `reader-${queue.name}`
  await the.rabbitmqctl('add_user', user, 's3cret')
  await the.rabbitmqctl('set_permissions', user, '^$', '^$', '.*')
  const url = Object.assign(new URL(the.url), { username: user, password: 's3cret' }).href
  const hopeless = (): never => {
    throw new DeadLetterError('It is hopeless.')
  }
  const error = await failureOf(consumeOne(hopeless, options(queue.name, url)))
  expect(error).toMatchObject({ code: 'DEAD_LETTER_FAILED' })
  expect(error.message).toMatch(/write|permit/)
  // Read permission is all that a worker needs otherwise.
  expect(await consumeOne((item) => item.text(), options(queue.name, url))).toMatchObject({ result: 'x' })
  expect(await consumeOne(() => {}, options(queue.name, url))).toEqual({ status: 'empty' })
})

it('without read permission no worker says that the queue is empty: the error names the permission, once it has been so for notFoundRetryMs', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('x')
  const user = `writer-${queue.name}`
  await the.rabbitmqctl('add_user', user, 's3cret')
  await the.rabbitmqctl('set_permissions', user, '.*', '.*', '^$')
  const url = Object.assign(new URL(the.url), { username: user, password: 's3cret' }).href
  for (const call of [consumeOne, consumeMany]) {
    const error = await failureOf(call(() => {}, { ...options(queue.name, url), notFoundRetryMs: 10 }))
    expect(error).toMatchObject({ code: 'NOT_PERMITTED', retryable: false, details: { permission: 'read' } })
    expect(error.message).not.toContain('s3cret')
  }
  expect(await queue.drain()).toEqual(['x'])
})

it('a vhost at its connection limit is no refusal: the worker tries again, and says so in the words of the broker', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a')
  const limited = Promise.withResolvers<unknown>()
  const logger = { info: () => {}, warn: (fields: unknown, text: string) => limited.resolve({ fields, text }) }
  await the.rabbitmqctl('set_vhost_limits', '-p', '/', '{"max-connections": 0}')
  const call = consumeOne((item) => item.text(), { ...options(queue.name, the.url), logger })
  const said = await limited.promise.finally(() => the.rabbitmqctl('clear_vhost_limits', '-p', '/'))
  expect(said).toMatchObject({ fields: { code: 'CONNECTION_LIMIT' }, text: expect.stringMatching(/limit/) })
  expect(await call).toEqual({ status: 'done', result: 'a' })
})

it('a refusal of the vhost that is over before the broker says its reason is tried again', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a')
  await using proxy = await tcpProxy(the.url)
  await the.rabbitmqctl('set_vhost_limits', '-p', '/', '{"max-connections": 0}')
  const lifted = proxy.said('broker', connectionClose).then(() => {
    const lifting = the.rabbitmqctl('clear_vhost_limits', '-p', '/')
    proxy.holdBack(lifting.then(() => {}))
    return lifting
  })
  const codes: unknown[] = []
  const warn = ({ code }: Readonly<Record<string, unknown>>): void => void codes.push(code)
  const logger = { info: () => {}, warn }
  const outcome = await consumeOne((item) => item.text(), { ...options(queue.name, proxy.url), logger })
  await lifted
  expect(outcome).toEqual({ status: 'done', result: 'a' })
  expect(codes).toEqual(['VHOST_UNAVAILABLE'])
})

it('a message that another user published under its own id is set aside once, and nowhere else', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  const user = `publisher-${queue.name}`
  await the.rabbitmqctl('add_user', user, 's3cret')
  await the.rabbitmqctl('set_permissions', user, '.*', '.*', '.*')
  const publisher = await connect(Object.assign(new URL(the.url), { username: user, password: 's3cret' }).href)
  const channel = await publisher.createConfirmChannel()
  channel.publish('', queue.name, Buffer.from('x'), { userId: user, messageId: 'id-1', persistent: true })
  await channel.waitForConfirms()
  await publisher.close()
  const outcome = await consumeOne(
    () => {
      throw new DeadLetterError('It is hopeless.')
    },
    options(queue.name, the.url),
  )
  expect(outcome).toMatchObject({ status: 'dead-lettered' })
  const dead = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
  expect(dead).toMatchObject({ content: Buffer.from('x'), properties: { messageId: 'id-1', userId: undefined } })
  expect(await queue.drain('dead')).toEqual([])
  expect(await queue.drain()).toEqual([])
})

test.skipIf(!on43)('an item in delayed retry, which no reading shows, is done by a worker that waits', async () => {
  const delayed = { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1_000, 'x-delayed-retry-max': 1_000 }
  await using queue = await testQueue('quorum', { url: the.url, arguments: delayed })
  await queue.publish('a')
  const failing = consumeOne(() => Promise.reject(new Error('not yet')), options(queue.name, the.url))
  expect(await failureOf(failing)).toMatchObject({ code: 'HANDLER_FAILED' })
  const outcome = await consumeOne((item) => item.text(), { ...options(queue.name, the.url), empty: 'wait' })
  expect(outcome).toEqual({ status: 'done', result: 'a' })
})

it('a broker that stops: idle workers reconnect, and a worker that holds an item loses its lease', {
  timeout: 120_000,
}, async () => {
  await using held = await testQueue('quorum', { url: the.url })
  const waited = `${held.name}-waited`
  await held.channel.assertQueue(waited, { arguments: { 'x-queue-type': 'quorum' } })
  await held.publish('a')
  const busy = gate()
  const handling = failureOf(consumeOne(busy.handler, options(held.name, the.url)))
  await busy.entered
  const waiting = consumeOne((item) => item.text(), { ...options(waited, the.url), empty: 'wait' })
  await until(async () => (await held.channel.checkQueue(waited)).consumerCount === 1)
  await the.rabbitmqctl('stop_app')
  expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
  expect(await handling).toMatchObject({ code: 'LEASE_LOST' })
  await the.rabbitmqctl('start_app')
  await using after = await testQueue(false, { url: the.url })
  after.channel.publish('', waited, Buffer.from('later'), { persistent: true })
  expect(await waiting).toEqual({ status: 'done', result: 'later' })
  expect(await consumeOne((item) => item.text(), options(held.name, the.url))).toMatchObject({ result: 'a' })
  await after.channel.deleteQueue(waited)
  await after.channel.deleteQueue(held.name)
  await after.channel.deleteQueue(`${held.name}.dead`)
})

/** As short as the version allows: server-wide below 4.3, a queue's argument from there on. */
async function shortConsumerTimeout(
  own: OwnBroker,
  timeoutMs = 1_000,
): Promise<AsyncDisposable & { readonly arguments: Readonly<Record<string, unknown>> }> {
  if (on43) return { arguments: { 'x-consumer-timeout': timeoutMs }, [Symbol.asyncDispose]: async () => {} }
  await own.evaluate(`application:set_env(rabbit, consumer_timeout, ${timeoutMs}).`)
  return {
    arguments: {},
    [Symbol.asyncDispose]: async () => {
      await own.evaluate('application:set_env(rabbit, consumer_timeout, 1800000).')
    },
  }
}

/** Resolves once the broker has given the item to another; below 4.3 it closes the channel first, and waits for the answer. */
async function takenBack(queue: TestQueue, proxy: TcpProxy): Promise<void> {
  if (!on43) return await proxy.said('broker', channelClose)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  await queue.channel.consume(queue.name, resolve, { noAck: true })
  await promise
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) if (performance.now() > deadline) throw new Error('it did not happen within 30 s')
}

it('a broker that allows only small frames delivers large items whole', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  const body = Buffer.alloc(1_000_000, 7)
  await queue.publish(body)
  const allowed = await the.evaluate('{ok, Size} = application:get_env(rabbit, frame_max), Size.')
  await the.evaluate('application:set_env(rabbit, frame_max, 16384).')
  try {
    const call = { ...options(queue.name, the.url), reconnectForMs: 0 }
    expect(await consumeOne((item) => item.body.equals(body), call)).toEqual({ status: 'done', result: true })
  } finally {
    await the.evaluate(`application:set_env(rabbit, frame_max, ${allowed.trim()}).`)
  }
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})
