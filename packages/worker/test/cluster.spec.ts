import { type BrokerCluster, type ClusterNode, startBrokerCluster } from '@internal/testing'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consumeMany, consumeOne } from '../src/index.ts'
import { failureOf, gate, options } from './call.ts'
import { cancelRequest, readsNothing } from './frames.ts'
import { startCommand } from './start-command.ts'

let cluster: BrokerCluster | undefined
let reason = ''
beforeAll(async () => {
  const started = await startBrokerCluster({ announce: (line) => void process.stderr.write(`${line}\n`) })
  if (started.available) cluster = started.cluster
  else reason = started.reason
}, 120_000)
afterAll(() => cluster?.close())

/** A queue, the node that leads it, to which its own client is connected, and one that does not. */
async function ledQueue(
  three: BrokerCluster,
): Promise<{ readonly queue: TestQueue; readonly leader: ClusterNode; readonly other: ClusterNode }> {
  const queue = await testQueue('quorum', { url: three.nodes[0]?.url ?? '' })
  const { leader, others } = await three.leaderOf(queue.name)
  return { queue, leader, other: others[0] as ClusterNode }
}

test('the node of the leader stops with an item out of the queue: workers on another node are told of an empty queue, and none believes it', {
  timeout: 120_000,
}, async ({ skip }) => {
  if (cluster === undefined) return skip(reason)
  const { queue, leader, other } = await ledQueue(cluster)
  await using _ = queue
  await queue.publish('held')
  const busy = gate()
  const holding = failureOf(consumeOne(busy.handler, options(queue.name, other.url)))
  await busy.entered
  await using one = await tcpProxy(other.url)
  await using two = await tcpProxy(other.url)
  const patience = { idleTimeoutMs: 100_000 }
  const stoodAside = Promise.all([one, two].map((proxy) => proxy.said('client', cancelRequest)))
  const idle = consumeMany(() => {}, { ...options(queue.name, one.url), ...patience })
  const command = startCommand(['--queue', queue.name, '--idle-timeout-ms', '100000', '--', 'cat'], {
    BROKER_URL: two.url,
  })
  await stoodAside
  await queue.until(({ consumers }) => consumers === 1)
  const misled = Promise.all([one, two].map((proxy) => proxy.said('broker', readsNothing)))
  await leader.pause()
  await misled.finally(() => leader.resume())
  busy.fail(new Error('given back'))
  expect((await holding).code).toMatch(/HANDLER_FAILED|LEASE_LOST|ACK_UNCONFIRMED/)
  const { code, stdout } = await command.exited
  const { status, done } = await idle
  // Both said empty in the end, and said it of a queue that was: one of them had done the item.
  expect({ status, code, done: done + (stdout === 'held' ? 1 : 0) }).toEqual({ status: 'empty', code: 0, done: 1 })
  expect(await queue.drain()).toEqual([])
})

test('the node of the leader stops between the handler and its ack: it is not called done before another leads', {
  timeout: 120_000,
}, async ({ skip }) => {
  if (cluster === undefined) return skip(reason)
  const { queue, leader, other } = await ledQueue(cluster)
  await using _ = queue
  await queue.publish('a')
  try {
    const call = consumeOne(() => leader.pause(), { ...options(queue.name, other.url), ackTimeoutMs: 100 })
    expect((await failureOf(call)).code).toMatch(/ACK_UNCONFIRMED|LEASE_LOST/)
  } finally {
    await leader.resume()
  }
  // Settled or back: nothing else can have become of it.
  const outcome = await consumeMany((item) => expect(item.text()).toBe('a'), options(queue.name, other.url))
  expect(outcome).toMatchObject({ status: 'empty', failed: 0 })
})
