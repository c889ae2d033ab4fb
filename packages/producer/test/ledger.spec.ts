import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, expect, test, vi } from 'vitest'
import { EnqueueRun } from '../src/enqueue/enqueue-run.ts'
import { messageLimit } from '../src/enqueue/message-limit.ts'
import { resolvePublish } from '../src/enqueue/publish-options.ts'
import type { EncodedItem } from '../src/items/encoded-item.ts'
import { Ledger } from '../src/publish/ledger.ts'
import { FakeBroker } from './fake-broker.ts'

afterEach(() => void vi.useRealTimers())

const item = (index: number, bytes = 1): EncodedItem => ({
  type: 'item',
  index,
  bytes,
  content: 'x'.repeat(bytes),
  contentType: 'text/plain',
  id: `id-${index}`,
  isIdUnique: true,
  headers: undefined,
  headerBytes: undefined,
  priority: undefined,
  body: `item-${index}`,
  given: undefined,
  digest: undefined,
})

/** A ledger whose items of these sizes are all in flight. */
function published(...sizes: readonly number[]): Ledger {
  const ledger = new Ledger()
  for (const [index, bytes] of sizes.entries()) ledger.took(item(index, bytes))
  while (ledger.hasWaiting) ledger.publishNext()
  return ledger
}

test('an item that was returned before its channel was lost is not published again', () => {
  const ledger = published(1, 1)
  ledger.returned('id-0', undefined)
  ledger.channelLost()
  expect(ledger.counts).toMatchObject({ total: 2, returned: 1 })
  expect(ledger.publishNext()?.item.index).toBe(1)
  expect(ledger.hasWaiting).toBe(false)
})

test('after a loss, what was on its way goes before what was read later, in the order of the items', () => {
  const ledger = published(1, 1)
  ledger.took(item(2))
  ledger.channelLost()
  const order: (number | undefined)[] = []
  while (ledger.hasWaiting) order.push(ledger.publishNext()?.item.index)
  expect(order).toEqual([0, 1, 2])
})

test('of a broker that does not say its limit, the largest item alone is taken for the one that is too large', () => {
  const cause = new Error('PRECONDITION_FAILED - message size 5 is larger than it may be')
  expect(messageLimit(cause)).toBe('unknown')
  const ledger = published(3, 5, 5, 1)
  ledger.channelLost()
  ledger.oversized(undefined, (bytes) => `${bytes} bytes`)
  expect(ledger.counts).toMatchObject({ invalid: 1 })
  expect(ledger.failures).toMatchObject([{ index: 1, outcome: 'invalid', reason: '5 bytes' }])
  const again: (number | undefined)[] = []
  while (ledger.hasWaiting) again.push(ledger.publishNext()?.item.index)
  expect(again).toEqual([0, 2, 3])
})

test('a source that takes longer than confirmTimeoutMs is no silence of the broker', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  const broker = new FakeBroker([])
  const settled = Promise.withResolvers<void>()
  const onSettle = (): void => settled.resolve()
  subscribe('podqueue:settle', onSettle)
  async function* items() {
    yield 'a'
    await settled.promise
    vi.advanceTimersByTime(60_000)
    yield 'b'
  }
  const scene = { link: broker.link(), queue: 'q', tell: () => false, reconnectForMs: 0 }
  const receipt = await new EnqueueRun(scene, items(), resolvePublish({ confirmTimeoutMs: 1_000 }))
    .run()
    .finally(() => unsubscribe('podqueue:settle', onSettle))
  expect(receipt).toMatchObject({ confirmed: 2 })
})
