import { brokerUrl } from '@internal/testing/broker-url'
import { type TcpProxy, tcpProxy } from '@internal/testing/tcp-proxy'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessage, EnqueueError, enqueue, type Failure, type Message } from '../src/index.ts'

/** The fault of the queue or its connection just before an item is read. */
type Event =
  | { readonly what: 'cut'; readonly afterBytes: number }
  /** Makes room in a full queue. */
  | { readonly what: 'drain' }
  | { readonly what: 'delete' }
  | { readonly what: 'declare' }

interface Run {
  readonly type: 'quorum' | 'classic'
  readonly maxLength: number
  readonly count: number
  readonly window: number
  /** By the number of the item. */
  readonly events: readonly (readonly [at: number, event: Event])[]
}

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ what: fc.constant('cut' as const), afterBytes: fc.integer({ min: 1, max: 4_000 }) }),
  fc.record({ what: fc.constantFrom('drain' as const, 'delete' as const, 'declare' as const) }),
)

const run: fc.Arbitrary<Run> = fc.record({
  type: fc.constantFrom('quorum', 'classic'),
  maxLength: fc.integer({ min: 1, max: 40 }),
  count: fc.integer({ min: 0, max: 40 }),
  window: fc.integer({ min: 1, max: 12 }),
  events: fc.array(fc.tuple(fc.nat(39), event), { maxLength: 6 }),
})

/** One of each, so that the property holds of something whatever the seed. */
const EXAMPLES: [Run][] = [
  [{ type: 'classic', maxLength: 3, count: 30, window: 4, events: [[20, { what: 'delete' }]] }],
  [{ type: 'quorum', maxLength: 3, count: 30, window: 4, events: [[9, { what: 'cut', afterBytes: 300 }]] }],
]

const isInvalid = (index: number): boolean => index % 11 === 10

/** Every third shares its id with others that are in flight with it. */
function item(index: number): string | bigint | Message {
  if (isInvalid(index)) return 1n
  return index % 3 === 0 ? createMessage(`item-${index}`, { id: `id-${index % 2}` }) : `item-${index}`
}

async function declare(queue: TestQueue, { type, maxLength }: Pick<Run, 'type' | 'maxLength'>): Promise<void> {
  const arguments_ = { 'x-queue-type': type, 'x-max-length': maxLength, 'x-overflow': 'reject-publish' }
  await queue.channel.assertQueue(queue.name, { arguments: arguments_ })
}

/** Takes what is in the queue and deletes it, with nothing in between: an item that was confirmed would be gone. */
async function takeAway(queue: TestQueue, found: string[]): Promise<void> {
  const connection = await connect(brokerUrl())
  for (let isThere = true; isThere; ) {
    found.push(...(await queue.drain()))
    // A refusal closes the channel.
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    isThere = await channel.deleteQueue(queue.name, { ifEmpty: true }).then(
      () => false,
      () => true,
    )
  }
  await connection.close()
}

async function* eventful({ type, maxLength, count, events }: Run, queue: TestQueue, proxy: TcpProxy, found: string[]) {
  let isThere = true
  for (let index = 0; index < count; index++) {
    for (const [, { what, ...more }] of events.filter(([at]) => at === index)) {
      if (what === 'cut' && 'afterBytes' in more) proxy.severAfter(more.afterBytes)
      if (what === 'drain' && isThere) found.push(...(await queue.drain()))
      // A quorum queue cannot be deleted only if it is empty.
      if (what === 'delete' && isThere && type === 'classic') {
        await takeAway(queue, found)
        isThere = false
      }
      if (what === 'declare' && !isThere) {
        await declare(queue, { type, maxLength })
        isThere = true
      }
    }
    yield item(index)
  }
}

test('whatever happens to the queue and the connection, the counts add up and the failures, enqueued again, complete the set', {
  timeout: 300_000,
}, async () => {
  await using proxy = await tcpProxy(brokerUrl())
  const seen: Record<Failure | 'reconnected', number> = {
    returned: 0,
    nacked: 0,
    unknown: 0,
    invalid: 0,
    reconnected: 0,
  }
  await fc.assert(
    fc.asyncProperty(run, async (scenario) => {
      const { count, window, events } = scenario
      await using queue = await testQueue(false)
      await declare(queue, scenario)
      const found: string[] = []
      const before = proxy.accepted
      const ended = await enqueue(queue.name, eventful(scenario, queue, proxy, found), {
        url: proxy.url,
        window,
        reconnectForMs: 60_000,
      }).catch((error: unknown) => error)
      proxy.severAfter(Number.POSITIVE_INFINITY)
      seen.reconnected += proxy.accepted - before - 1
      found.push(...(await queue.drain().catch(() => [])))
      const failures = ended instanceof EnqueueError ? ended.failures : []
      if (ended instanceof EnqueueError) {
        const { total, confirmed, returned, nacked, unknown, invalid } = ended.counts
        expect({ total, sum: confirmed + returned + nacked + unknown + invalid }).toEqual({ total: count, sum: count })
        expect(unknown, 'a connection that comes back leaves nothing unknown').toBe(0)
        expect(failures).toHaveLength(count - confirmed)
        for (const { outcome } of failures) seen[outcome] += 1
      } else expect(ended).toMatchObject({ confirmed: count })

      const indexes = failures.map(({ index }) => index)
      expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b))
      expect(failures.filter(({ outcome }) => outcome === 'invalid').map(({ index }) => index)).toEqual(
        Array.from({ length: count }, (_, index) => index).filter(isInvalid),
      )
      const wanted = Array.from({ length: count }, (_, index) => index).filter((index) => !isInvalid(index))
      const confirmedBodies = wanted.filter((index) => !indexes.includes(index)).map((index) => `item-${index}`)
      expect(
        confirmedBodies.filter((body) => !found.includes(body)),
        'lost',
      ).toEqual([])
      const cuts = events.filter(([, { what }]) => what === 'cut').length
      expect(found.length - new Set(found).size, 'there twice').toBeLessThanOrEqual(window * cuts)

      await using healed = await testQueue()
      const again = failures.filter(({ outcome }) => outcome !== 'invalid').map(({ message }) => message)
      const receipt = await enqueue(healed.name, again, { url: brokerUrl() })
      expect(receipt).toMatchObject({ confirmed: again.length })
      found.push(...(await healed.drain()))
      expect([...new Set(found)].toSorted()).toEqual(wanted.map((index) => `item-${index}`).toSorted())
    }),
    // A failure is found again by its seed: to shrink it would be minutes of broker.
    { numRuns: 30, examples: EXAMPLES, endOnFailure: true },
  )
  expect(Object.entries(seen).filter(([way, times]) => way !== 'unknown' && times === 0)).toEqual([])
})
