import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { expect, test } from 'vitest'
import { consumeOne } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'

test('a half-open connection is noticed by missing heartbeats: the handler is aborted and the lease lost', {
  timeout: 30_000,
}, async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const busy = gate()
  const call = failureOf(consumeOne(busy.handler, options(queue.name, `${proxy.url}?heartbeat=1`)))
  await busy.entered
  proxy.freeze()
  expect(await busy.aborted).toMatchObject({ code: 'LEASE_LOST' })
  expect(await call).toMatchObject({ code: 'LEASE_LOST' })
  // The broker notices the same, and gives the item to another.
  expect(await consumeOne((item) => item.text(), { ...options(queue.name), empty: 'wait' })).toMatchObject({
    result: 'a',
  })
})

test('a connection cut between the handler and its ack is not called done, and the item comes back', async () => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  await queue.publish('a')
  const call = consumeOne(() => proxy.sever(), options(queue.name, proxy.url))
  const error = await failureOf(call)
  expect(['LEASE_LOST', 'ACK_UNCONFIRMED']).toContain(error.code)
  expect(await consumeOne((item) => item.text(), options(queue.name))).toMatchObject({ result: 'a' })
})

test('an ack that the broker refuses is not called done', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const connection = await connect(brokerUrl())
  try {
    const channels: Awaited<ReturnType<typeof connection.createChannel>>[] = []
    const own = {
      createChannel: async () => {
        const channel = await connection.createChannel()
        channels.push(channel)
        return channel
      },
    }
    // The app settles the delivery behind our back, so that ours has a tag that is used up.
    const call = consumeOne(
      async () => {
        channels[0]?.ackAll()
      },
      { queue: queue.name, connection: own, emptyAfterMs: 200 },
    )
    const error = await failureOf(call)
    expect(error.code).toBe('LEASE_LOST')
    expect(error.message).toMatch(/delivery.tag/i)
  } finally {
    await connection.close()
  }
})

test('a handler that throws is tried again with the item in hand, as often as retries say', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  let attempts = 0
  const handler = async (): Promise<string> => {
    if (++attempts < 3) throw new Error('not yet')
    return 'done'
  }
  const outcome = await consumeOne(handler, { ...options(queue.name), retries: 2, retryDelayMs: 1 })
  expect(outcome).toEqual({ status: 'done', result: 'done' })
  expect(attempts).toBe(3)
})
