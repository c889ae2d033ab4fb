import { describe, expect, test } from 'vitest'
import { type ItemCounts, ItemTally } from '../src/queue/item-tally.ts'
import type { QueueReading } from '../src/queue/queue-reading.ts'
import { readAgainInMs } from '../src/run/item-progress.ts'

const reading = (ready: number, consumers: number, deadLetters = 0): QueueReading => ({
  ready,
  consumers,
  deadLetters,
  verified: true,
})

test('an item that a worker may hold is not done', () => {
  const tally = new ItemTally({ total: 10, deadBefore: 0, perWorker: 1 })
  expect(tally.take(reading(8, 2), 2), 'one reading says nothing').toBeUndefined()
  expect(tally.take(reading(8, 2), 2)).toEqual({ total: 10, done: 0, left: 10, dead: 0 })
  tally.take(reading(5, 2), 2)
  expect(tally.take(reading(5, 2), 2)).toEqual({ total: 10, done: 3, left: 7, dead: 0 })
})

test('a worker that has cancelled its consumer may still hold items: its pod counts until it has ended', () => {
  const tally = new ItemTally({ total: 10, deadBefore: 0, perWorker: 4 })
  tally.take(reading(0, 0), 2)
  expect(tally.take(reading(0, 0), 2)).toMatchObject({ done: 2, left: 8 })
})

test('dead letters of earlier runs are none of this one', () => {
  const tally = new ItemTally({ total: 4, deadBefore: 7, perWorker: 1 })
  expect(tally.end(reading(0, 0, 9))).toEqual({ total: 4, done: 2, left: 0, dead: 2 })
})

test('an item on its way to the dead letters, which is in no queue for a moment, is not done', () => {
  const tally = new ItemTally({ total: 2, deadBefore: 0, perWorker: 1 })
  tally.take(reading(1, 1), 1)
  expect(tally.take(reading(1, 0), 0)).toMatchObject({ done: 0 })
  expect(tally.take(reading(1, 0, 1), 0)).toMatchObject({ done: 0, dead: 1 })
})

test('dead letters that are purged or put back in mid-run do not become work that was done', () => {
  for (const after of [reading(0, 0, 0), reading(3, 0, 0)]) {
    const tally = new ItemTally({ total: 10, deadBefore: 0, perWorker: 1 })
    tally.take(reading(0, 0, 3), 0)
    tally.take(reading(0, 0, 3), 0)
    tally.take(after, 0)
    expect(tally.take(after, 0)?.done).toBeLessThanOrEqual(7)
  }
})

test('items that come in during the run make the total larger, and are not done before they are', () => {
  const tally = new ItemTally({ total: 3, deadBefore: 0, perWorker: 1 })
  tally.take(reading(0, 0), 0)
  expect(tally.take(reading(20, 0), 0)).toMatchObject({ done: 0, total: 20 })
  expect(tally.end(reading(0, 0))).toEqual({ total: 20, done: 20, left: 0, dead: 0 })
})

/** A queue and its workers, of which every number is known. */
class Model {
  ready: number
  dead = 0
  done = 0
  /** Items in the hands of each worker; undefined: it has no consumer any more. */
  readonly workers: { held: number; consuming: boolean }[]
  readonly #perWorker: number
  readonly #random: () => number

  constructor(items: number, workers: number, perWorker: number, random: () => number) {
    this.ready = items
    this.workers = Array.from({ length: workers }, () => ({ held: 0, consuming: true }))
    this.#perWorker = perWorker
    this.#random = random
  }

  get ended(): boolean {
    return this.ready === 0 && this.workers.every(({ held }) => held === 0)
  }

  step(): void {
    const worker = this.workers[Math.floor(this.#random() * this.workers.length)]
    if (worker === undefined) return
    const what = this.#random()
    if (what < 0.4 && worker.consuming && this.ready > 0 && worker.held < this.#perWorker) {
      this.ready -= 1
      worker.held += 1
    } else if (what < 0.7 && worker.held > 0) {
      worker.held -= 1
      this.done += 1
    } else if (what < 0.75 && worker.held > 0) {
      worker.held -= 1
      this.dead += 1
    } else if (what < 0.85) {
      // It dies, and another pod takes its place.
      this.ready += worker.held
      worker.held = 0
      worker.consuming = true
    } else if (what < 0.9) worker.consuming = false
    else if (worker.held === 0) worker.consuming = true
  }

  read(): QueueReading {
    return reading(this.ready, this.workers.filter(({ consuming }) => consuming).length, this.dead)
  }
}

describe.each([1, 4])('over a thousand runs of workers that hold at most %i at a time', (perWorker) => {
  test('done is never more than what is done, never falls, adds up, and is exact at the end', () => {
    let seed = 7
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return seed / 2 ** 31
    }
    for (let run = 0; run < 1_000; run++) {
      const items = Math.floor(random() * 60)
      const model = new Model(items, 1 + Math.floor(random() * 5), perWorker, random)
      const tally = new ItemTally({ total: items, deadBefore: 0, perWorker })
      let before = 0
      const check = (counts: ItemCounts | undefined): void => {
        if (counts === undefined) return
        expect(counts.done).toBeLessThanOrEqual(model.done)
        expect(counts.done).toBeGreaterThanOrEqual(before)
        expect(counts.done + counts.left + counts.dead).toBe(counts.total)
        before = counts.done
      }
      while (!model.ended) {
        model.step()
        if (random() < 0.3) check(tally.take(model.read(), model.workers.length))
      }
      for (const worker of model.workers) worker.consuming = false
      check(tally.end(model.read()))
      expect(before).toBe(model.done)
    }
  })
})

test('the queue of a run is read every second at first, and every ten seconds in a long run', () => {
  expect([0, 60_000, 300_000, 86_400_000].map(readAgainInMs)).toEqual([1_000, 1_000, 3_000, 10_000])
})
