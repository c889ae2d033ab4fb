import { type ClusterBroker, POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import { runJob } from '@podqueue/k8s'
import { createProducer } from '@podqueue/producer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SETS } from '../sets.ts'
import { sweep } from '../sweep.ts'
import { expectedScores, placesWithout } from './expected.ts'

let broker: ClusterBroker
beforeAll(async () => {
  broker = await startClusterBroker('sweep')
  process.env.BROKER_URL = broker.url
})
afterAll(() => broker?.[Symbol.asyncDispose]())

const REASON = 'It does not find the minimum within 1000 steps.'
const EXPECTED = expectedScores(SETS)

/** The names of all queues of the broker. */
async function queues(): Promise<string[]> {
  const list = ['rabbitmqctl', '--quiet', 'list_queues', 'name', '--no-table-headers']
  const printed = await broker.kubectl('exec', 'deployment/rabbitmq', '--', ...list)
  return printed
    .split('\n')
    .filter((name) => name !== '')
    .toSorted()
}

test.each([
  ['a handler', 'podqueue-sweep:1', REASON],
  ['a Python program, unchanged', 'podqueue-sweep-program:1', `./score.py exited with 2: ${REASON}`],
])(
  '500 sets are scored in pods by %s, failures are listed with their reason, and no queue is left',
  async (_, image, reason) => {
    const startedAt = performance.now()
    const { scores, failures } = await sweep(SETS, image, POD_URL, { namespace: broker.namespace })
    process.stderr.write(`${image}: 500 sets in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`)
    expect(scores).toEqual(EXPECTED)
    expect(failures.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(placesWithout(EXPECTED))
    for (const failure of failures) expect(failure.reason).toBe(reason)
    expect(await queues()).toEqual([])
  },
)

test('results come while the Job runs, each item once, and their log is deleted behind the last of them', async () => {
  const { namespace, url } = broker
  await using producer = createProducer({ url })
  const queue = producer.queue('while')
  const batch = await queue.enqueue(SETS, { results: true })
  // Each pod waits for the queue to stay empty, so the Job ends well after the last result.
  let isRunning = true
  const run = runJob(
    {
      name: 'while',
      namespace,
      image: 'podqueue-sweep:1',
      items: batch.confirmed,
      itemsPerPod: 'all',
      parallelism: 2,
      queue: { podUrl: POD_URL },
    },
    { queue, deadLettered: 'report' },
  ).finally(() => {
    isRunning = false
  })
  const seen = new Set<number>()
  let early = 0
  for await (const item of queue.collectResults(batch, { run })) {
    expect(seen.has(item.index), `item ${item.index} is yielded once`).toBe(false)
    seen.add(item.index)
    if (isRunning) early += 1
    expect(item.status).toBe(EXPECTED[item.index] === undefined ? 'dead-lettered' : 'done')
  }
  expect(seen.size).toBe(500)
  expect(early).toBeGreaterThan(0)
  expect(await run).toMatchObject({ leftover: 0, deadLettered: placesWithout(EXPECTED).length })
  expect(await queues()).toEqual(['while', 'while.dead'])
  await queue.delete({ discardItems: true })
})
