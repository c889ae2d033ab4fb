import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { describe, expect, it } from 'vitest'
import { startCommand } from './start-command.ts'

const PROGRAM = fileURLToPath(new URL('run-worker-program.ts', import.meta.url))

async function startOn(body: string, environment: Readonly<Record<string, string>> = {}) {
  const queue = await testQueue()
  await queue.publish(body)
  const worker = startCommand([], { BROKER_URL: brokerUrl(), QUEUE: queue.name, ...environment }, [
    process.execPath,
    PROGRAM,
  ])
  await worker.printed('handling')
  return { queue, worker }
}

describe('a worker of runWorker that gets SIGTERM', () => {
  it.each([
    ['honours its signal', 143, 1],
    ['finishes in its grace', 0, 0],
    ['ignores its signal', 143, 1],
  ])('ends with a handler that %s: exit code %i, items left %i', async (body, code, left) => {
    const { queue, worker } = await startOn(body)
    await using _ = queue
    worker.child.kill('SIGTERM')
    const { code: exitCode, stdout } = await worker.exited
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: 'handling\nclosing\nafter\n' })
    expect(await queue.drain()).toHaveLength(left)
  })
})

it('a worker that lost its lease ends, however long its handler ignores its signal', async () => {
  const { queue, worker } = await startOn('ignores its signal')
  await using _ = queue
  await queue.channel.deleteQueue(queue.name)
  const { code, stdout, stderr } = await worker.exited
  expect({ code, stdout }).toEqual({ code: 75, stdout: 'handling\nclosing\nafter\n' })
  expect(stderr).toMatch(/LEASE_LOST/)
})

it.each([
  ['exits with 0', 70, /exit code is 70 instead of 0/],
  ['exits with 3', 3, /^$/],
])('a handler that %s: the process ends with %i, and the item goes back', async (body, code, said) => {
  const { queue, worker } = await startOn(body)
  await using _ = queue
  const { code: exitCode, stderr } = await worker.exited
  expect(exitCode).toBe(code)
  expect(stderr).toMatch(said)
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
})

it.each([
  ['leaves a server open', /TCPSERVERWRAP|TCPServerWrap/i],
  ['leaves a timer open', /Timeout/],
])('a handler that %s: its item is done, the process says so and ends with 0', async (body, name) => {
  const { queue, worker } = await startOn(body)
  await using _ = queue
  const { code, stdout, stderr } = await worker.exited
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'handling\nclosing\nafter\n' })
  expect(stderr).toMatch(/Still open 300 ms after the worker was done: /)
  expect(stderr).toMatch(name)
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

it.each([
  ['hangs', /Still open 300 ms/, 'handling\nclosing\n'],
  ['throws', /close failed: The pool is gone/, 'handling\nclosing\nafter\n'],
])('a close that %s changes no exit code', async (how, said, printed) => {
  const { queue, worker } = await startOn('leaves a timer open', { CLOSE: how })
  await using _ = queue
  const { code, stdout, stderr } = await worker.exited
  expect(code).toBe(0)
  expect(stdout.startsWith(printed)).toBe(true)
  expect(stderr).toMatch(said)
})

it.each([
  ['takes a while', 'handling\nflushed\nclosing\nafter\n'],
  ['throws', 'handling\nclosing\nafter\n'],
  ['hangs', 'handling\nclosing\n'],
])(
  'a process waits for the flush of telemetry before it ends, and for a bounded time: one that %s changes no exit code',
  async (how, printed) => {
    const { queue, worker } = await startOn('', { FLUSH: how })
    await using _ = queue
    const { code, stdout } = await worker.exited
    expect(code).toBe(0)
    expect(stdout.startsWith(printed)).toBe(true)
  },
)

it('telemetry has its last words also where a handler ignores its signal', async () => {
  const { queue, worker } = await startOn('ignores its signal', { FLUSH: 'takes a while' })
  await using _ = queue
  worker.child.kill('SIGTERM')
  const { code, stdout } = await worker.exited
  expect({ code, stdout }).toEqual({ code: 143, stdout: 'handling\nflushed\nclosing\nafter\n' })
})

it('a process whose close hangs without anything open ends with its exit code', async () => {
  const { queue, worker } = await startOn('', { CLOSE: 'hangs' })
  await using _ = queue
  expect(await worker.exited).toMatchObject({ code: 0 })
})

it.each(['1', '5'])('a worker of %s items says which item failed, why, and where in the handler', async (items) => {
  await using queue = await testQueue()
  for (let sent = 0; sent < 5; sent += 1) {
    queue.channel.publish('', queue.name, Buffer.from('throws'), { messageId: 'frame-7' })
  }
  await queue.until(({ ready }) => ready === 5)
  const environment = {
    BROKER_URL: brokerUrl(),
    QUEUE: queue.name,
    PODQUEUE_ITEMS: items,
    PODQUEUE_CONCURRENCY: '5',
  }
  const { code, stderr } = await startCommand([], environment, [process.execPath, PROGRAM]).exited
  expect(code).toBe(1)
  expect(stderr).toMatch(/Item frame-7 of queue .* failed and is back in the queue: Cannot read frames of nothing/)
  expect(stderr).toMatch(/^ {4}at .*run-worker-program\.ts:\d+:\d+/m)
})
