import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnqueueRun } from '../src/enqueue/enqueue-run.ts'
import { resolvePublish } from '../src/enqueue/publish-options.ts'
import { createMessage, EnqueueError, type Message, type OutcomeCounts, type Receipt } from '../src/index.ts'
import { type Answer, FakeBroker } from './fake-broker.ts'

const answers = fc.array(
  fc.constantFrom<Answer>('ack', 'ack', 'ack', 'nack', 'return', 'hold', 'lose', 'lose-after-taking'),
  { maxLength: 60 },
)

async function attempt(broker: FakeBroker, items: Iterable<unknown>, window: number): Promise<Receipt | EnqueueError> {
  const scene = { link: broker.link(), queue: 'q', tell: () => false, reconnectForMs: 60_000 }
  return await new EnqueueRun(scene, items as Iterable<string> & { charAt?: never }, resolvePublish({ window }))
    .run()
    .catch((error) => {
      if (error instanceof EnqueueError) return error
      throw error
    })
}

function sum({ confirmed, returned, nacked, unknown, invalid }: OutcomeCounts): number {
  return confirmed + returned + nacked + unknown + invalid
}

test('whatever the broker answers, and however often it is lost, the counts add up and the failures complete the set', async () => {
  await fc.assert(
    fc.asyncProperty(
      answers,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (script, count, window) => {
        const broker = new FakeBroker(script)
        // Every third item shares its id with others that are in flight with it.
        const item = (index: number): string | Message =>
          index % 3 === 0 ? createMessage(`item-${index}`, { id: `id-${index % 2}` }) : `item-${index}`
        const items = Array.from({ length: count }, (_, index) => (index % 11 === 10 ? 1n : item(index)))
        const first = await attempt(broker, items, window)
        if (!(first instanceof EnqueueError)) {
          expect(first).toMatchObject({ confirmed: count })
        } else {
          expect(first.counts.total).toBe(count)
          expect(sum(first.counts)).toBe(count)
          expect(first.failures).toHaveLength(count - first.counts.confirmed)
          expect(first.counts.unknown, 'a connection that comes back leaves nothing unknown').toBe(0)
          const indexes = first.failures.map(({ index }) => index)
          expect(indexes).toEqual([...new Set(indexes)].toSorted((a, b) => a - b))
          const again = first.failures.filter(({ outcome }) => outcome !== 'invalid').map(({ message }) => message)
          const healed = new FakeBroker([])
          expect(await attempt(healed, again, window)).toMatchObject({ confirmed: again.length })
          for (const body of healed.queue.keys()) broker.queue.set(body, 1)
        }
        const wanted = items.flatMap((_, index) => (index % 11 === 10 ? [] : [`item-${index}`]))
        expect([...broker.queue.keys()].toSorted()).toEqual(wanted.toSorted())
      },
    ),
    { numRuns: 100 },
  )
})
