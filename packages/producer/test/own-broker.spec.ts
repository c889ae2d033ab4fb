import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as pause } from 'node:timers/promises'
import { type Broker, startBroker, uniqueName } from '@internal/testing'
import { queuesKept } from '@internal/testing/queues-kept'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createProducer,
  declareQueue,
  EnqueueError,
  enqueue,
  inspectQueue,
  ProducerError,
  type PublishDiagnostic,
  type SettleDiagnostic,
} from '../src/index.ts'
import { missing, takeAll } from './items-in-queue.ts'

// These tests would disturb others, so they have a broker of their own.
let broker: Broker

beforeAll(async () => {
  broker = await startBroker({ announce: (line) => void process.stderr.write(`own broker: ${line}\n`) })
  if (broker.restart === undefined) {
    process.stderr.write(
      `own broker: restarts, alarms and limits are skipped: ${broker.description} is not ours to stop\n`,
    )
  }
}, 90_000)

afterAll(async () => {
  await broker?.close()
})

const ctl = async (...args: string[]): Promise<string> => (await broker.rabbitmqctl?.(...args)) ?? ''

/** The broker is one of the test run, or somebody's: then there is nothing here that may be done to it. */
function ours(context: { skip(note: string): void }): Required<Pick<Broker, 'restart' | 'pause' | 'resume'>> {
  const { restart, pause, resume } = broker
  if (restart === undefined || pause === undefined || resume === undefined) {
    context.skip('the broker is not ours to stop')
    throw new Error('skipped')
  }
  return { restart, pause, resume }
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('a broker that restarts in the middle of 100,000 items loses none of them, and at most a window is there twice', {
  timeout: 300_000,
}, async (context) => {
  const { restart } = ours(context)
  const queue = uniqueName('restart')
  const count = 100_000
  const window = 2_000
  await declareQueue(queue, { url: broker.url })
  await queuesKept()
  let restarting: Promise<void> | undefined
  const losses: string[] = []
  function* items() {
    for (let index = 0; index < count; index++) {
      if (index === count / 2) restarting = restart()
      yield String(index)
    }
  }
  const receipt = await enqueue(queue, items(), {
    url: broker.url,
    window,
    reconnectForMs: 120_000,
    on: { disconnected: ({ reason }) => void losses.push(reason) },
  })
  await restarting
  expect(receipt).toMatchObject({ confirmed: count })
  expect(losses).not.toEqual([])
  const found = await takeAll(broker.url, queue)
  expect({ lost: missing(found, count), unexpected: found.bodies.size - count }).toEqual({ lost: [], unexpected: 0 })
  expect(found.duplicates).toBeLessThanOrEqual(window)
})

describe('a broker that is short of memory', () => {
  const alarm = () => ctl('set_vm_memory_high_watermark', 'absolute', '1')
  const lift = () => ctl('set_vm_memory_high_watermark', '0.6')

  test('blocks, and everything is confirmed once it takes messages again, however long that was', async (context) => {
    ours(context)
    const queue = uniqueName('alarm')
    await declareQueue(queue, { url: broker.url })
    await alarm()
    const heard: string[] = []
    let lifting: Promise<string> | undefined
    const confirmTimeoutMs = 4_000
    const receipt = await enqueue(queue, ['a', 'b', 'c'], {
      url: broker.url,
      confirmTimeoutMs,
      on: {
        blocked: ({ reason }) => {
          heard.push(`blocked: ${reason}`)
          // The deadline must not run meanwhile.
          lifting = pause(confirmTimeoutMs + 500).then(lift)
        },
        unblocked: () => void heard.push('unblocked'),
      },
    })
    await lifting
    expect(receipt.confirmed).toBe(3)
    expect(heard).toEqual([expect.stringMatching(/^blocked: .*memory/), 'unblocked'])
    expect((await takeAll(broker.url, queue)).total).toBe(3)
  })

  test('and stays so ends the call after blockedTimeoutMs, with every item unknown', async (context) => {
    ours(context)
    const queue = uniqueName('alarm')
    await declareQueue(queue, { url: broker.url })
    await alarm()
    try {
      const error = await errorOf(enqueue(queue, ['a', 'b'], { url: broker.url, blockedTimeoutMs: 300 }))
      expect(error).toMatchObject({ code: 'NOT_ALL_CONFIRMED', retryable: true, counts: { total: 2, unknown: 2 } })
      expect((error as EnqueueError).hint).toMatch(/memory/)
    } finally {
      await lift()
    }
  })
})

test('a broker with a lower limit of its own: the item above it is invalid, and the others are in the queue', async (context) => {
  ours(context)
  const queue = uniqueName('limit')
  await declareQueue(queue, { url: broker.url })
  const limit = 20_000
  const set = (bytes: number) =>
    ctl(
      'eval',
      `application:set_env(rabbit, max_message_size, ${bytes}), persistent_term:put(max_message_size, ${bytes}).`,
    )
  await set(limit)
  try {
    const learnt = Promise.withResolvers<void>()
    const published = new Set<number>()
    const onPublish = (message: unknown): void => void published.add((message as PublishDiagnostic).index)
    const onSettle = (message: unknown): void => {
      if ((message as SettleDiagnostic).outcome === 'invalid') learnt.resolve()
    }
    subscribe('podqueue:publish', onPublish)
    subscribe('podqueue:settle', onSettle)
    async function* later() {
      yield 'x'.repeat(limit + 1)
      await learnt.promise
      yield* ['y'.repeat(limit + 1), 'z']
    }
    const late = (await errorOf(enqueue(queue, later(), { url: broker.url }))) as EnqueueError
    unsubscribe('podqueue:publish', onPublish)
    unsubscribe('podqueue:settle', onSettle)
    expect(late.counts).toMatchObject({ confirmed: 1, invalid: 2 })
    expect([...published], 'once it is known, nothing above it is sent').toEqual([0, 2])
    expect([...(await takeAll(broker.url, queue)).bodies.keys()]).toEqual(['z'])
    const items = ['0', '1', 'x'.repeat(limit + 1), '3', 'y'.repeat(limit * 2), '5']
    const error = (await errorOf(enqueue(queue, items, { url: broker.url }))) as EnqueueError
    expect(error).toBeInstanceOf(EnqueueError)
    expect(error.counts).toMatchObject({ total: 6, confirmed: 4, invalid: 2, unknown: 0 })
    expect(error.failures.map(({ index }) => index)).toEqual([2, 4])
    expect(error.failures[0]?.reason).toMatch(/20001 bytes.*20000/)
    expect([...(await takeAll(broker.url, queue)).bodies.keys()].toSorted()).toEqual(['0', '1', '3', '5'])
  } finally {
    await set(16 * 1024 * 1024)
  }
})

describe('inspectQueue never proves a queue empty that is not', () => {
  test('when the leader of the queue does not answer', async (context) => {
    ours(context)
    const queue = uniqueName('leader')
    await enqueue(queue, ['a', 'b'], { url: broker.url })
    const leader = (what: 'suspend' | 'resume') => ctl('eval', `sys:${what}(whereis('%2F_${queue}')).`)
    await leader('suspend')
    try {
      const seen = await inspectQueue(queue, { url: broker.url, verifyTimeoutMs: 1_000 }).catch((error) => error)
      if (seen instanceof ProducerError) expect(seen).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true })
      else expect(seen.ready, 'a reading that claims to be verified is the truth').toBe(2)
    } finally {
      await leader('resume')
    }
    expect(await inspectQueue(queue, { url: broker.url })).toMatchObject({ ready: 2, verified: true })
  })

  test('when the node of its leader is stopped', async (context) => {
    const { pause, resume } = ours(context)
    const queue = uniqueName('node')
    await using producer = createProducer({ url: broker.url })
    await producer.enqueue(queue, ['a', 'b'])
    await pause()
    try {
      await expect(producer.inspectQueue(queue, { verifyTimeoutMs: 500 })).rejects.toMatchObject({
        code: 'QUEUE_UNAVAILABLE',
        retryable: true,
      })
    } finally {
      await resume()
    }
    expect(await producer.inspectQueue(queue)).toMatchObject({ ready: 2, verified: true })
  })
})

describe('a user without a permission is told which, at once', () => {
  const as = async (permissions: readonly [string, string, string]): Promise<string> => {
    const user = uniqueName('user')
    await ctl('add_user', user, 's3cret-of-test')
    await ctl('set_permissions', '-p', '/', user, ...permissions)
    return Object.assign(new URL(broker.url), { username: user, password: 's3cret-of-test' }).href
  }

  test.for([
    ['configure', ['^$', '.*', '.*'], /configure/],
    ['read', ['.*', '.*', '^$'], /read/],
  ] as const)('to declare: %s', async ([, permissions, missingOne], context) => {
    ours(context)
    const error = await errorOf(declareQueue(uniqueName('perm'), { url: await as(permissions) }))
    expect(error).toMatchObject({
      code: 'NOT_PERMITTED',
      retryable: false,
      details: { permission: expect.stringMatching(missingOne) },
    })
    expect(JSON.stringify(error)).not.toContain('s3cret')
  })

  test('to publish: write', async (context) => {
    ours(context)
    const queue = uniqueName('perm')
    await declareQueue(queue, { url: broker.url })
    const error = (await errorOf(enqueue(queue, ['a'], { url: await as(['.*', '^$', '.*']) }))) as EnqueueError
    expect(error).toBeInstanceOf(EnqueueError)
    expect(error.counts).toMatchObject({ total: 1, confirmed: 0 })
    expect(error.cause).toMatchObject({
      code: 'NOT_PERMITTED',
      details: { permission: expect.stringMatching(/write/) },
    })
  })

  test('to look: read, without which an empty queue is not verified', async (context) => {
    ours(context)
    const queue = uniqueName('perm')
    await declareQueue(queue, { url: broker.url })
    const url = await as(['.*', '.*', '^$'])
    expect(await inspectQueue(queue, { url })).toMatchObject({ ready: 0, verified: false })
  })

  test('to look at the dead letters: read; without it, a number of 0 is not verified', async (context) => {
    ours(context)
    const queue = uniqueName('perm')
    await declareQueue(queue, { url: broker.url })
    const url = await as(['.*', '.*', `^${queue}$`])
    expect(await inspectQueue(queue, { url })).toEqual({ ready: 0, consumers: 0, deadLetters: 0, verified: false })
    await enqueue(`${queue}.dead`, ['poison'], { url: broker.url })
    expect(await inspectQueue(queue, { url })).toEqual({ ready: 0, consumers: 0, deadLetters: 1, verified: true })
  })
})

test('a vhost at its connection limit is CONNECTION_LIMIT, in the words of the broker, and is tried again', async (context) => {
  ours(context)
  const queue = uniqueName('limit')
  await ctl('set_vhost_limits', '-p', '/', '{"max-connections": 0}')
  try {
    const refused = await errorOf(enqueue(queue, ['a'], { url: broker.url, reconnectForMs: 0 }))
    expect(refused).toMatchObject({
      code: 'CONNECTION_LIMIT',
      retryable: true,
      message: expect.stringMatching(/connection limit \(0\) is reached/),
    })
    let lifting: Promise<string> | undefined
    const lift = (): void => {
      lifting ??= ctl('set_vhost_limits', '-p', '/', '{"max-connections": -1}')
    }
    expect(await enqueue(queue, ['a'], { url: broker.url, on: { retrying: lift } })).toMatchObject({ confirmed: 1 })
    await lifting
  } finally {
    await ctl('set_vhost_limits', '-p', '/', '{"max-connections": -1}')
  }
})

test('a vhost that does not exist is refused in the words of the broker', async () => {
  const url = Object.assign(new URL(broker.url), { pathname: '/no-such-vhost' }).href
  expect(await errorOf(enqueue('q', ['a'], { url }))).toMatchObject({
    code: 'VHOST_REFUSED',
    retryable: false,
    message: expect.stringMatching(/vhost no-such-vhost not found/),
  })
})

test('a broker that is gone for good leaves what was unconfirmed unknown, within the deadline', async (context) => {
  ours(context)
  const queue = uniqueName('gone')
  await declareQueue(queue, { url: broker.url })
  // Endless, so that messages are on their way at the moment when it ends.
  let closed: Promise<void> | undefined
  function* items() {
    for (let index = 0; ; index++) {
      if (index === 3_000) closed = broker.close()
      yield String(index)
    }
  }
  const error = (await errorOf(
    // Also for the first connection, which is to be opened.
    enqueue(queue, items(), { url: broker.url, reconnectForMs: 5_000, connectTimeoutMs: 5_000 }),
  )) as EnqueueError
  expect(error).toBeInstanceOf(EnqueueError)
  const { total, confirmed, unknown } = error.counts
  expect(confirmed + unknown).toBe(total)
  expect(unknown).toBeGreaterThan(0)
  expect(error).toMatchObject({ retryable: true, cause: { code: 'BROKER_UNREACHABLE' } })
  await closed
})
