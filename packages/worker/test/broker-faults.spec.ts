import { testQueue } from '@internal/testing/test-queue'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consumeMany, consumeOne, DeadLetterError, type WorkerError } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { type OwnBroker, ownBroker } from './own-broker.ts'

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
  // Channels of before 4.3 look at their timeout so often; the default is a minute.
  await broker?.evaluate('application:set_env(rabbit, channel_tick_interval, 200).')
})

it('a leader that does not answer is not an empty queue: no worker says so', { timeout: 90_000 }, async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a', 'b')
  const goOn = await the.stopLeader(queue.name)
  const workers = Array.from({ length: 3 }, () =>
    consumeOne((item) => item.text(), { ...options(queue.name, the.url), settleTimeoutMs: 1_000 }).then(
      (outcome) => outcome.status as string,
      (error: WorkerError) => error.code as string,
    ),
  )
  const first = await Promise.race([
    Promise.race(workers),
    new Promise((resolve) => setTimeout(resolve, 5_000, 'waits')),
  ])
  expect(['waits', 'QUEUE_UNAVAILABLE', 'CONNECTION_LOST']).toContain(first)
  await goOn()
  const ends = await Promise.all(workers)
  expect(ends.filter((end) => end === 'done').length).toBeLessThanOrEqual(2)
  // Whoever says empty says it of a queue that is: what the others did not do is still there.
  const left = await consumeMany(() => {}, options(queue.name, the.url))
  expect(ends.filter((end) => end === 'done').length + left.done).toBe(2)
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
  const call = consumeOne((item) => item.text(), {
    ...options(queue.name, `${the.url}?heartbeat=1`),
    idleTimeoutMs: 60_000,
    emptyAfterMs: 1_000,
    connectTimeoutMs: 1_000,
  })
  await until(async () => (await queue.channel.checkQueue(queue.name)).consumerCount === 1)
  await queue.publish('a').then(async () => expect(await call).toEqual({ status: 'done', result: 'a' }))
  const again = consumeOne((item) => item.text(), {
    ...options(queue.name, `${the.url}?heartbeat=1`),
    empty: 'wait',
    connectTimeoutMs: 1_000,
  })
  await until(async () => (await queue.channel.checkQueue(queue.name)).consumerCount === 1)
  await the.pause()
  await new Promise((resolve) => setTimeout(resolve, 4_000))
  await the.resume()
  await using after = await testQueue(false, { url: the.url })
  after.channel.publish('', queue.name, Buffer.from('b'), { persistent: true })
  expect(await again).toEqual({ status: 'done', result: 'b' })
})

it('an ack that a stopped leader never answers is not called done, and nothing is lost', async () => {
  await using queue = await testQueue('quorum', { url: the.url })
  await queue.publish('a')
  let goOn: () => Promise<void> = async () => {}
  const call = consumeOne(
    async () => {
      goOn = await the.stopLeader(queue.name)
    },
    { ...options(queue.name, the.url), settleTimeoutMs: 2_000 },
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
    const call = consumeOne(hopeless, { ...options(queue.name, the.url), settleTimeoutMs: 1_000 })
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

it('a broker that stops loses the lease of who handles an item, and who waits connects again', {
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
): Promise<AsyncDisposable & { readonly arguments: Readonly<Record<string, unknown>> }> {
  if (on43) return { arguments: { 'x-consumer-timeout': 1_000 }, [Symbol.asyncDispose]: async () => {} }
  await own.evaluate('application:set_env(rabbit, consumer_timeout, 1000).')
  return {
    arguments: {},
    [Symbol.asyncDispose]: async () => {
      await own.evaluate('application:set_env(rabbit, consumer_timeout, 1800000).')
    },
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) if (performance.now() > deadline) throw new Error('it did not happen within 30 s')
}
