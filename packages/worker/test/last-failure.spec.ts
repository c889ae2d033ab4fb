import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { decodeFailure, itemType } from '@internal/contract'
import { brokerUrl } from '@internal/testing/broker-url'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { consumeMany, consumeOne, DeadLetterError } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { startCommand } from './start-command.ts'

/** A queue whose items may come back `limit` times, with one item whose publisher knew that. */
async function limited(limit: number, body = 'poison'): Promise<TestQueue> {
  const queue = await testQueue('quorum', { arguments: { 'x-delivery-limit': limit } })
  const known = { persistent: true, messageId: 'id-1', type: itemType(limit), headers: { tenant: 't' } }
  queue.channel.publish('', queue.name, Buffer.from(body), known)
  await queue.until(({ ready }) => ready === 1)
  return queue
}

async function deadLetter(queue: TestQueue) {
  const got = await queue.channel.get(`${queue.name}.dead`, { noAck: true })
  if (got === false) return undefined
  const headers = (got.properties.headers ?? {}) as Record<string, unknown>
  return { body: got.content.toString(), headers, failure: decodeFailure(headers['x-podqueue-failure']) }
}

test('an item that fails in its last delivery is set aside with its last failure', async () => {
  await using queue = await limited(2)
  let attempts = 0
  const failing = (): never => {
    attempts += 1
    throw new Error(`attempt ${attempts} with amqp://me:s3cret@host failed`)
  }
  for (const _ of [1, 2])
    expect(await failureOf(consumeOne(failing, options(queue.name)))).toMatchObject({ code: 'HANDLER_FAILED' })
  expect(await consumeOne(failing, options(queue.name))).toEqual({
    status: 'dead-lettered',
    reason: 'attempt 3 with amqp://***@host failed',
  })
  expect(await deadLetter(queue)).toMatchObject({
    body: 'poison',
    headers: { tenant: 't', 'x-podqueue-queue': queue.name },
    failure: { message: 'attempt 3 with amqp://***@host failed', attempts: 3, pod: hostname() },
  })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test('DeadLetterError leaves its failure too, with the end of the program that its cause tells of', async () => {
  await using queue = await limited(5)
  const cause = Object.assign(new Error('ffmpeg failed'), { exitCode: 4, stderr: 'first line\nlast line\n' })
  await consumeOne(() => {
    throw new DeadLetterError('It is not a video.', { cause })
  }, options(queue.name))
  expect((await deadLetter(queue))?.failure).toEqual({
    message: 'It is not a video.',
    exitCode: 4,
    standardError: 'first line\nlast line',
    attempts: 1,
    pod: hostname(),
  })
})

test('a failure of any size leaves a bounded record', async () => {
  await using queue = await limited(5)
  const cause = Object.assign(new Error('x'.repeat(100_000)), { stderr: `${'y\n'.repeat(100_000)}the end` })
  await consumeOne(() => {
    throw new DeadLetterError('z'.repeat(100_000), { cause })
  }, options(queue.name))
  const dead = await deadLetter(queue)
  expect(dead?.failure?.message).toHaveLength(500)
  expect(dead?.failure?.standardError).toMatch(/the end$/)
  expect(JSON.stringify(dead?.headers).length).toBeLessThan(4_000)
})

test('the program’s exit code and the last lines of its standard error stay with its item, and are on standard error too', async () => {
  await using queue = await limited(1)
  const run = (script: string) =>
    startCommand(['--queue', queue.name, '--', 'sh', '-c', script], {
      BROKER_URL: brokerUrl(),
      PODQUEUE_TERMINATION_LOG: `/tmp/podqueue-test-${randomUUID()}`,
    }).exited
  expect((await run('exit 3')).code).toBe(1)
  const last = await run('cat >/dev/null; echo out; echo "no such frame" >&2; echo "giving up" >&2; exit 3')
  expect(last.code).toBe(0)
  expect(last.stdout).toBe('out\n')
  expect(last.stderr).toMatch(/^no such frame\ngiving up\n/)
  expect(await deadLetter(queue)).toMatchObject({
    body: 'poison',
    headers: { 'x-podqueue-reason': expect.stringMatching(/sh exited with 3: giving up$/) },
    failure: {
      message: expect.stringMatching(/sh exited with 3\.$/),
      exitCode: 3,
      standardError: 'no such frame\ngiving up',
      attempts: 2,
    },
  })
})

test.each([0, 3])(
  'a program that leaves a process behind which keeps its standard error open does not hold up its item (exit %i)',
  async (status) => {
    await using queue = await limited(5)
    const leaves = `f=$(mktemp); setsid sh -c "rm $f; exec sleep 60" > /dev/null & while test -e $f; do :; done; exit ${status}`
    const { child } = startCommand(['--queue', queue.name, '--', 'sh', '-c', leaves], { BROKER_URL: brokerUrl() })
    // A process that is left behind keeps the pipes open, so this is the end of the process and not of its output.
    const [code] = await once(child, 'exit')
    expect(code).toBe(status === 0 ? 0 : 1)
  },
)

test('an item that is released in its last delivery is not dead-lettered, and fails for good the next time', async () => {
  await using queue = await limited(1)
  const failing = (): never => {
    throw new Error('no')
  }
  await failureOf(consumeOne(failing, options(queue.name)))
  for (const _ of [1, 2, 3]) {
    const ending = new AbortController()
    const { handler, entered } = gate()
    const released = failureOf(consumeOne(handler, { ...options(queue.name), signal: ending.signal }))
    await entered
    ending.abort()
    expect(await released).toMatchObject({ code: 'RELEASED' })
    await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
    expect(await deadLetter(queue)).toBeUndefined()
  }
  expect(await consumeOne(failing, options(queue.name))).toMatchObject({ status: 'dead-lettered', reason: 'no' })
  expect(await deadLetter(queue)).toMatchObject({ body: 'poison', failure: { message: 'no' } })
})

test('where the item cannot be set aside by its worker, the broker dead-letters it as before', async () => {
  await using queue = await limited(1)
  const failing = (): never => {
    throw new Error('no')
  }
  await failureOf(consumeOne(failing, options(queue.name)))
  await queue.channel.deleteQueue(`${queue.name}.dead`)
  expect(await failureOf(consumeOne(failing, options(queue.name)))).toMatchObject({ code: 'HANDLER_FAILED' })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test('items of publishers that do not know the limit are dead-lettered by the broker, as before', async () => {
  await using queue = await testQueue('quorum', { arguments: { 'x-delivery-limit': 1 } })
  await queue.publish('poison')
  const failing = (): never => {
    throw new Error('no')
  }
  const { status, failed, deadLettered } = await consumeMany(failing, {
    ...options(queue.name),
    maxConsecutiveFailures: 9,
  })
  expect({ status, failed, deadLettered }).toEqual({ status: 'empty', failed: 2, deadLettered: 0 })
  await expect.poll(async () => (await queue.channel.checkQueue(`${queue.name}.dead`)).messageCount).toBe(1)
  const dead = await deadLetter(queue)
  expect(dead).toMatchObject({ body: 'poison', failure: undefined })
  expect(dead?.headers).not.toHaveProperty('x-podqueue-reason')
})

test('a failure whose cause throws when it is read is recorded by its words alone', async () => {
  await using queue = await limited(5)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const getters = Object.defineProperty(new Error('outer'), 'exitCode', {
    get: () => {
      throw new Error('a getter')
    },
  })
  for (const cause of [proxy, getters]) {
    if (cause === getters) queue.channel.publish('', queue.name, Buffer.from('second'), { persistent: true })
    await queue.until(({ ready }) => ready === 1)
    await consumeOne(() => {
      throw new DeadLetterError('It is not a video.', { cause })
    }, options(queue.name))
    const { failure } = (await deadLetter(queue)) ?? {}
    expect(failure).toMatchObject({ message: 'It is not a video.', pod: hostname() })
    expect(failure).not.toHaveProperty('exitCode')
  }
})
