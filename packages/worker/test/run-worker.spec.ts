import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { describe, expect, it } from 'vitest'
import { startCommand } from './start-command.ts'

const PROGRAM = fileURLToPath(new URL('run-worker-program.ts', import.meta.url))

async function startOn(body: string) {
  const queue = await testQueue()
  await queue.publish(body)
  const worker = startCommand([], { BROKER_URL: brokerUrl(), QUEUE: queue.name }, [process.execPath, PROGRAM])
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
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: 'handling\nafter\n' })
    expect(await queue.drain()).toHaveLength(left)
  })
})

it('a worker that lost its lease ends, however long its handler ignores its signal', async () => {
  const { queue, worker } = await startOn('ignores its signal')
  await using _ = queue
  await queue.channel.deleteQueue(queue.name)
  const { code, stdout, stderr } = await worker.exited
  expect({ code, stdout }).toEqual({ code: 75, stdout: 'handling\nafter\n' })
  expect(stderr).toMatch(/LEASE_LOST/)
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
