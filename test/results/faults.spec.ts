import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type Broker, startBroker } from '@internal/testing'
import { queuesKept } from '@internal/testing/queues-kept'
import { collectResults, enqueue } from '@podqueue/producer'
import { consumeMany, type Handler, WorkerError } from '@podqueue/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'

// These tests stop and starve their broker, which would disturb other tests, so each has a broker of its own.
let broker: Broker

beforeAll(async () => {
  broker = await startBroker({ announce: () => {} })
}, 90_000)

afterAll(async () => {
  await broker?.close()
})

/** Runs a worker, and another in its place when it fails, until the queue is empty. Resolves to the number of those that failed. */
async function workOn(queue: string, handler: Handler): Promise<number> {
  for (let failures = 0; ; failures++) {
    try {
      await consumeMany(handler, { queue, url: broker.url, emptyCheckDelayMs: 200, concurrency: 50 })
      return failures
    } catch (error) {
      if (!(error instanceof WorkerError) || !error.retryable) throw error
    }
  }
}

async function scores(batch: { readonly queue: string; readonly id: string }): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const item of collectResults(batch, { url: broker.url, reconnectForMs: 120_000 })) {
    found[item.index] = item.status === 'done' ? item.value : item.reason
  }
  return found
}

test('a worker keeps its item while the broker takes no results, and neither item nor result is lost', async (context) => {
  const { rabbitmqctl } = broker
  if (rabbitmqctl === undefined) return context.skip('the broker is not ours')
  const batch = await enqueue('alarm', [1, 2, 3], { url: broker.url, results: true })
  await rabbitmqctl('set_vm_memory_high_watermark', 'absolute', '1')
  const handled = Promise.withResolvers<void>()
  const ackTimeoutMs = 2_000
  const working = consumeMany(
    (item) => {
      handled.resolve()
      return item.json()
    },
    { queue: 'alarm', url: broker.url, emptyCheckDelayMs: 200, ackTimeoutMs },
  )
  await handled.promise
  // The deadline must not run meanwhile.
  await pause(ackTimeoutMs + 500)
  await rabbitmqctl('set_vm_memory_high_watermark', '0.6')
  expect(await working).toMatchObject({ done: 3, failed: 0 })
  expect(await scores(batch)).toEqual([1, 2, 3])
})

test('a run and its collector go on when the broker is killed and started again in the middle', {
  timeout: 300_000,
}, async (context) => {
  const { restart } = broker
  if (restart === undefined) return context.skip('the broker is not ours')
  // More than are read ahead, so that some come over the second connection.
  const items = Array.from({ length: 1_500 }, (_, index) => index)
  const batch = await enqueue('restart', items, { url: broker.url, results: true })
  await queuesKept()
  const holding = Promise.withResolvers<void>()
  const restarted = Promise.withResolvers<void>()
  const handler: Handler = async (item, { signal }) => {
    const value = item.json() as number
    if (value >= 1_000) {
      holding.resolve()
      await Promise.race([restarted.promise, once(signal, 'abort')])
    }
    return value
  }
  const working = workOn('restart', handler)
  working.catch(() => {})
  const found: unknown[] = []
  for await (const item of collectResults(batch, { url: broker.url, reconnectForMs: 100_000 })) {
    expect(found[item.index], `item ${item.index} is yielded once`).toBe(undefined)
    found[item.index] = item.status === 'done' ? item.value : item.reason
    if (item.index !== 500) continue
    // A worker that held nothing when the broker goes would only connect again.
    await holding.promise
    await restart()
    restarted.resolve()
  }
  expect(found).toEqual(items)
  expect(await working, 'a worker that held items has ended by an error').toBeGreaterThan(0)
})
