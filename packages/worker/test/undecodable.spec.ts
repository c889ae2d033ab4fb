import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { consumeMany, consumeOne } from '../src/index.ts'
import { failureOf, options } from './call.ts'
import { consumeOk } from './frames.ts'
import { startCommand } from './start-command.ts'
import { BROKEN_HEADER, undecodableHeader } from './undecodable-header.ts'

const CALLS = { consumeOne, consumeMany }

async function publishBroken(queue: TestQueue): Promise<void> {
  queue.channel.publish('', queue.name, Buffer.from('x'), { headers: { [BROKEN_HEADER]: true } })
  await queue.until(({ ready }) => ready === 1)
}

test.each(['consumeOne', 'consumeMany'] as const)(
  'a message that amqplib cannot decode ends %s with an error that names the queue, and stays in the queue',
  async (call) => {
    await using queue = await testQueue('classic')
    await using front = await undecodableHeader(brokerUrl())
    await publishBroken(queue)
    const error = await failureOf(CALLS[call](() => 'never', options(queue.name, front.url)))
    expect(error).toMatchObject({ code: 'ITEM_UNDECODABLE', retryable: false })
    expect(error.message).toContain(queue.name)
    expect(error.message).toContain('type tag "L"')
    await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
  },
)

test('70: the command says that the next message cannot be decoded', async () => {
  await using queue = await testQueue('classic')
  await using front = await undecodableHeader(brokerUrl())
  await publishBroken(queue)
  const { code, stderr } = await startCommand(['--queue', queue.name, '--', 'cat'], { BROKER_URL: front.url }).exited
  expect(code).toBe(70)
  expect(stderr).toMatch(/ITEM_UNDECODABLE: The next message of queue/)
})

test('connections that open and break again and again are no recovery: the worker gives up after reconnectForMs', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const breaking = async (): Promise<void> => {
    for (;;) {
      await proxy.said('broker', consumeOk)
      proxy.sever()
    }
  }
  void breaking()
  const call = { ...options(queue.name, proxy.url), empty: 'wait', reconnectForMs: 3_000 } as const
  const error = await failureOf(consumeOne(() => 'never', call))
  expect(error).toMatchObject({ code: 'CONNECTION_LOST', retryable: true })
  expect(proxy.accepted).toBeGreaterThan(1)
})
