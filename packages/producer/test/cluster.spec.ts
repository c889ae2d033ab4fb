import { type BrokerCluster, startBrokerCluster, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProducer, declareQueue, EnqueueError, enqueue, inspectQueue, ProducerError } from '../src/index.ts'
import { missing, takeAll } from './items-in-queue.ts'

// Quorum queues with a member on each of three nodes, of which one is stopped: what one server cannot show.
let cluster: BrokerCluster | undefined
let obstacle = ''

beforeAll(async () => {
  const started = await startBrokerCluster({ announce: (line) => void process.stderr.write(`${line}\n`) })
  if (started.available) cluster = started.cluster
  else obstacle = started.reason
}, 120_000)

afterAll(() => cluster?.close())

function here(context: { skip(note: string): never }): BrokerCluster {
  return cluster ?? context.skip(obstacle)
}

/** The reading of a client that believes the broker's first answer. */
async function naiveReading(url: string, queue: string): Promise<number> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  await connection.close()
  return messageCount
}

/** Looks until the queue's next leader answers. Only then is a reading given, and it is the truth; before, the queue is not available. */
async function untilRead(queue: string, url: string, truth: object): Promise<void> {
  for (;;) {
    const seen = await inspectQueue(queue, { url, verifyTimeoutMs: 1_000 }).catch((error: unknown) => error)
    if (!(seen instanceof ProducerError)) {
      expect(seen).toEqual(truth)
      return
    }
    expect(seen).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true })
  }
}

test('inspectQueue through another node, while that of the leader is stopped, never proves a queue empty that is not', {
  timeout: 120_000,
}, async (context) => {
  const { nodes, leaderOf } = here(context)
  const queue = uniqueName('led')
  await enqueue(queue, ['a', 'b'], { url: nodes[0]?.url ?? '' })
  const { leader, others } = await leaderOf(queue)
  await leader.pause()
  try {
    const url = others[0]?.url ?? ''
    expect(await naiveReading(url, queue), 'the reading that is not to be believed is there').toBe(0)
    await untilRead(queue, url, { ready: 2, consumers: 0, verified: true, deadLetters: 0 })
  } finally {
    await leader.resume()
  }
})

test('inspectQueue never says that there are no dead letters while the leader of their queue is stopped', {
  timeout: 120_000,
}, async (context) => {
  const { nodes, leaderOf } = here(context)
  const [one, two] = nodes
  const queue = uniqueName('dead')
  // A queue is led by the node where it was declared, so the two have different leaders.
  await enqueue(`${queue}.dead`, ['poison'], { url: one?.url ?? '' })
  await declareQueue(queue, { url: two?.url ?? '' })
  const { leader } = await leaderOf(`${queue}.dead`)
  const { leader: other } = await leaderOf(queue)
  expect(other.name).not.toBe(leader.name)
  await leader.pause()
  try {
    expect(await naiveReading(other.url, `${queue}.dead`)).toBe(0)
    await untilRead(queue, other.url, { ready: 0, consumers: 0, verified: true, deadLetters: 1 })
  } finally {
    await leader.resume()
  }
})

test('a queue without a majority of its nodes is not available, and what is published to it ends as unknown', {
  timeout: 120_000,
}, async (context) => {
  const { nodes, leaderOf } = here(context)
  const queue = uniqueName('minority')
  await enqueue(queue, ['a', 'b'], { url: nodes[0]?.url ?? '' })
  const { leader, others } = await leaderOf(queue)
  const [left, other] = others
  const url = left?.url ?? ''
  await using producer = createProducer({ url })
  await producer.inspectQueue(queue)
  const stopped = [leader, other]
  await Promise.all(stopped.map((node) => node?.pause()))
  try {
    await expect(producer.inspectQueue(queue, { verifyTimeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      retryable: true,
    })
    const error = await producer.enqueue(queue, ['c'], { confirmTimeoutMs: 1_000 }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(EnqueueError)
    expect(error).toMatchObject({ code: 'NOT_ALL_CONFIRMED', retryable: true, counts: { total: 1, unknown: 1 } })
  } finally {
    await Promise.all(stopped.map((node) => node?.resume()))
  }
  await untilRead(queue, url, expect.objectContaining({ verified: true }))
  // Unknown is what it says: the item may be there or not. Those that were confirmed are.
  const { bodies } = await takeAll(url, queue)
  expect([...bodies.keys()].filter((body) => body !== 'c').toSorted()).toEqual(['a', 'b'])
})

test('a leader whose node stops in the middle of a batch loses nothing: the next confirms the rest', {
  timeout: 120_000,
}, async (context) => {
  const { nodes, leaderOf } = here(context)
  const queue = uniqueName('batch')
  await declareQueue(queue, { url: nodes[0]?.url ?? '' })
  const { leader, others } = await leaderOf(queue)
  const [count, window] = [20_000, 1_000]
  let stopping: Promise<void> | undefined
  async function* items() {
    for (let index = 0; index < count; index++) {
      // While a window is on its way to it.
      if (index === count / 2) stopping = leader.pause()
      yield String(index)
    }
    await stopping
  }
  try {
    const receipt = await enqueue(queue, items(), { url: others[0]?.url ?? '', window, confirmTimeoutMs: 60_000 })
    // The node is still stopped: who confirmed the second half was another.
    expect(receipt).toMatchObject({ confirmed: count })
  } finally {
    await stopping
    await leader.resume()
  }
  await untilRead(queue, leader.url, expect.objectContaining({ verified: true }))
  const found = await takeAll(leader.url, queue)
  expect({ lost: missing(found, count), unexpected: found.bodies.size - count }).toEqual({ lost: [], unexpected: 0 })
  expect(found.duplicates).toBeLessThanOrEqual(window)
})
