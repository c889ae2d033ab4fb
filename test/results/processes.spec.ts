import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { type Batch, createProducer, type ItemResult, type Producer, type ProducerError } from '@podqueue/producer'
import { consumeMany, DeadLetterError, type WorkerEvents } from '@podqueue/worker'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from './run-program.ts'

/** Starts a worker that holds its first item, and ends it by a signal then. Resolves to its exit code. */
async function endWhileItHolds(queue: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
  const child = runProgram('hold-worker.ts', { QUEUE: queue, HOLD: '1' }, ['ignore', 'ignore', 'ignore', 'ipc'])
  const exited = once(child, 'exit')
  await once(child, 'message')
  child.kill(signal)
  const [code] = await exited
  return code
}

async function collect(producer: Producer, batch: Batch): Promise<ItemResult<unknown>[]> {
  const items: ItemResult<unknown>[] = []
  for await (const item of producer.collectResults(batch, { keep: true })) items.push(item)
  return items.toSorted((a, b) => a.index - b.index)
}

test('an item whose workers were killed in every delivery comes back as dead-lettered, with that reason', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  await producer.declareQueue(queue.name, { deliveryLimit: 1 })
  const batch = await producer.enqueue(queue.name, ['apple'], { results: true })
  const results = collect(producer, batch)
  for (let deliveries = 0; deliveries < 2; deliveries++) await endWhileItHolds(queue.name, 'SIGKILL')
  expect(await results).toMatchObject([
    { index: 0, status: 'dead-lettered', reason: 'Its deliveries are used up.', lastFailure: undefined },
  ])
  await producer.deleteBatch(batch)
})

test('an item that is released in its last delivery is not dead-lettered: its result comes from the next worker', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  await producer.declareQueue(queue.name, { deliveryLimit: 1 })
  const batch = await producer.enqueue(queue.name, ['apple'], { results: true })
  await endWhileItHolds(queue.name, 'SIGKILL')
  // Now each delivery is the last one. A worker that is told to end exits with 143, and its item goes on.
  for (let releases = 0; releases < 2; releases++) expect(await endWhileItHolds(queue.name, 'SIGTERM')).toBe(143)
  const child = runProgram('hold-worker.ts', { QUEUE: queue.name }, ['ignore', 'ignore', 'inherit', 'ipc'])
  expect((await once(child, 'exit'))[0]).toBe(0)
  expect(await collect(producer, batch)).toMatchObject([{ status: 'done', value: 'apple is done' }])
  expect(await producer.inspectQueue(queue.name)).toMatchObject({ ready: 0, deadLetters: 0 })
  await producer.deleteBatch(batch)
})

test('requeueDeadLetters puts back no item whose result is there, although its last worker was killed before the ack', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  await producer.declareQueue(queue.name, { deliveryLimit: 1 })
  const batch = await producer.enqueue(queue.name, [{ value: 21 }], { results: true })
  for (let deliveries = 0; deliveries < 2; deliveries++) {
    const child = runProgram('score-worker.ts', { QUEUE: queue.name, DIE_AT_ACK: '1' }, 'ignore')
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
  }
  // The broker hears of the last kill, and sets the item aside, at its own pace.
  await expect.poll(async () => (await producer.inspectQueue(queue.name)).deadLetters).toBe(1)
  const undone = await producer.enqueue(queue.name, ['stone'], { results: true })
  await consumeMany(
    () => {
      throw new DeadLetterError('It is no fruit.')
    },
    { queue: queue.name, url: brokerUrl(), emptyCheckDelayMs: 200 },
  )
  expect(await producer.listDeadLetters(queue.name)).toMatchObject([
    { batch: batch.id, index: 0, by: 'broker' },
    { batch: undone.id, index: 0, reason: 'It is no fruit.' },
  ])
  expect(await producer.listDeadLetters(queue.name, { batch: undone.id })).toMatchObject([
    { reason: 'It is no fruit.' },
  ])
  expect(await producer.requeueDeadLetters(queue.name)).toEqual({ requeued: 1, alreadyDone: 1, notFound: [] })
  expect(await producer.inspectQueue(queue.name)).toMatchObject({ ready: 1, deadLetters: 0 })
  expect(await collect(producer, batch)).toMatchObject([{ status: 'done', value: { score: 42 } }])
  await producer.deleteBatch(batch)
  await producer.deleteBatch(undone)
})

test('deleteQueue deletes the results of the batches that it is told, and of those whose items it discards', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  const done = await producer.enqueue(queue.name, ['apple'], { results: true })
  const kept = await producer.enqueue(queue.name, ['banana'], { results: true })
  const dead = await producer.enqueue(queue.name, ['stone'], { results: true })
  await consumeMany(
    (item) => {
      if (item.text() === 'stone') throw new DeadLetterError('It is no fruit.')
    },
    { queue: queue.name, url: brokerUrl(), emptyCheckDelayMs: 200 },
  )
  const waiting = await producer.enqueue(queue.name, ['cherry'], { results: true })
  await producer.deleteQueue(queue.name, { discardItems: true, batches: [done.id] })
  const isThere = async ({ id }: Batch): Promise<boolean> =>
    await producer.inspectQueue(`${queue.name}.results.${id}`).then(
      () => true,
      ({ code }: ProducerError) => code !== 'QUEUE_NOT_FOUND',
    )
  expect(await Promise.all([done, dead, waiting].map(isThere))).toEqual([false, false, false])
  // Nobody told of this one, and none of its items was left.
  expect(await isThere(kept)).toBe(true)
  await producer.deleteBatch(kept)
})

test('a worker tells of a result that nobody can have any more', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  const batch = await producer.enqueue(queue.name, ['apple'], { results: true })
  await producer.deleteBatch(batch)
  const told: WorkerEvents['resultUnclaimed'][] = []
  const ended = await consumeMany(() => 'peeled', {
    queue: queue.name,
    url: brokerUrl(),
    emptyCheckDelayMs: 200,
    on: { resultUnclaimed: (event) => told.push(event) },
  })
  expect(ended).toMatchObject({ done: 1, failed: 0 })
  expect(told).toEqual([{ queue: queue.name, messageId: `${batch.id}-0`, batch: batch.id, index: 0 }])
})

test('a producer that is killed in the middle and started again with its journal: the results are one batch', async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-results-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const journal = join(folder, 'items.journal')
  const count = 500
  const environment = { QUEUE: queue.name, JOURNAL: journal, COUNT: String(count), HOLD_AT: '300' }
  const child = runProgram('filler.ts', environment, ['ignore', 'ignore', 'inherit', 'ipc'])
  const exited = once(child, 'exit')
  await once(child, 'message')
  child.kill('SIGKILL')
  await exited
  const work = () =>
    consumeMany((item) => (item.json() as number) * 2, {
      queue: queue.name,
      url: brokerUrl(),
      emptyCheckDelayMs: 200,
      concurrency: 16,
    })
  // Workers go on while there is no producer.
  await work()
  const numbers = Array.from({ length: count }, (_, index) => index)
  const batch = await producer.enqueue(queue.name, numbers, { results: true, journal })
  expect(batch.confirmed).toBe(count)
  await work()
  const results = await collect(producer, batch)
  expect(results.map((item) => (item.status === 'done' ? item.value : item.reason))).toEqual(numbers.map((n) => n * 2))
  await producer.deleteBatch(batch)
})
