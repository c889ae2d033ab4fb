import { type BrokerAddress, parseBrokerAddress } from '@internal/contract'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { ResultLink, type ResultRecord } from '../src/results/result-link.ts'
import { connectionOpened, published, returned } from './frames.ts'

function linkTo(url: string, ackTimeoutMs: number): ResultLink {
  const broker = {
    address: parseBrokerAddress(url) as BrokerAddress,
    borrowed: undefined,
    tls: undefined,
    connectTimeoutMs: 20_000,
    reconnectForMs: 0,
  }
  return new ResultLink({ broker, ackTimeoutMs, blockedTimeoutMs: 1_000 })
}

const recordFor = (log: string): ResultRecord => ({ log, content: Buffer.from('42'), properties: {} })

test('a broker that answers nothing once the connection is open: the result fails in time, and the next one is published', async () => {
  await using queue = await testQueue('quorum')
  await using proxy = await tcpProxy(brokerUrl())
  const frozen = proxy.said('broker', connectionOpened).then(() => proxy.freeze())
  const link = linkTo(proxy.url, 1_000)
  const record = recordFor(queue.name)
  const first = await link.publish(record)
  await frozen
  expect(first).toEqual({ type: 'failed', reason: expect.stringMatching(/opened no channel within 1000 ms/) })
  proxy.thaw()
  expect(await link.publish(record)).toEqual({ type: 'confirmed' })
  await link.close()
  expect(await queue.drain()).toEqual(['42'])
})

test('a result that the broker returns although its log is there is published again', async () => {
  await using queue = await testQueue(false)
  await using proxy = await tcpProxy(brokerUrl())
  const link = linkTo(proxy.url, 30_000)
  const declared = Promise.withResolvers<void>()
  const isReturned = proxy.said('broker', returned)
  // The worker hears of the return only when there is a queue of that name, as after the start of a broker.
  void proxy.said('client', published).then(() => proxy.holdBack(declared.promise))
  const publishing = link.publish(recordFor(queue.name))
  await isReturned
  await queue.channel.assertQueue(queue.name)
  declared.resolve()
  expect(await publishing).toEqual({ type: 'confirmed' })
  await link.close()
  expect(await queue.drain()).toEqual(['42'])
})

test('a result whose log is deleted is unclaimed', async () => {
  await using queue = await testQueue(false)
  const link = linkTo(brokerUrl(), 30_000)
  const ends = await Promise.all([1, 2, 3].map(() => link.publish(recordFor(queue.name))))
  expect(ends).toEqual([{ type: 'unclaimed' }, { type: 'unclaimed' }, { type: 'unclaimed' }])
  await link.close()
})
