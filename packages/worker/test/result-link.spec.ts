import { type BrokerAddress, parseBrokerAddress } from '@internal/contract'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { expect, test } from 'vitest'
import { ResultLink } from '../src/results/result-link.ts'
import { connectionOpened } from './frames.ts'

test('a broker that answers nothing once the connection is open: the result fails in time, and the next one is published', async () => {
  await using queue = await testQueue('quorum')
  await using proxy = await tcpProxy(brokerUrl())
  const frozen = proxy.said('broker', connectionOpened).then(() => proxy.freeze())
  const broker = {
    address: parseBrokerAddress(proxy.url) as BrokerAddress,
    borrowed: undefined,
    tls: undefined,
    connectTimeoutMs: 20_000,
    reconnectForMs: 0,
  }
  const link = new ResultLink({ broker, ackTimeoutMs: 1_000, blockedTimeoutMs: 1_000 })
  const record = { log: queue.name, content: Buffer.from('42'), properties: {} }
  const first = await link.publish(record)
  await frozen
  expect(first).toEqual({ type: 'failed', reason: expect.stringMatching(/opened no channel within 1000 ms/) })
  proxy.thaw()
  expect(await link.publish(record)).toEqual({ type: 'confirmed' })
  await link.close()
  expect(await queue.drain()).toEqual(['42'])
})
