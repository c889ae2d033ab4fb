import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { createProducer, type ItemResult } from '@podqueue/producer'
import { expect, onTestFinished, test } from 'vitest'

const ITEMS = 300
const POISON = 6
const KILLS = 30
const WORKERS = 3

const program = fileURLToPath(new URL('score-worker.ts', import.meta.url))

/** Keeps a number of workers running, and kills one after the other. Each that is killed or fails is started again. */
class Workers {
  readonly #queue: string
  readonly #running = new Set<ChildProcess>()
  #isOver = false
  kills = 0

  constructor(queue: string) {
    this.#queue = queue
    for (let started = 0; started < WORKERS; started++) this.#start()
  }

  #start(): void {
    if (this.#isOver) return
    const child = spawn(process.execPath, [program], {
      env: { ...process.env, BROKER_URL: brokerUrl(), QUEUE: this.#queue },
      stdio: 'ignore',
    })
    this.#running.add(child)
    child.once('exit', (code) => {
      this.#running.delete(child)
      if (code !== 0) this.#start()
    })
  }

  killOne(): void {
    const victim = [...this.#running][Math.floor(Math.random() * this.#running.size)]
    if (victim?.kill('SIGKILL') === true) this.kills += 1
  }

  async end(): Promise<void> {
    this.#isOver = true
    const ended = [...this.#running].map((child) => once(child, 'exit'))
    for (const child of this.#running) child.kill('SIGKILL')
    await Promise.all(ended)
  }
}

test('workers killed at random while a collector ends and goes on: every item is yielded once, and none is missing', {
  timeout: 300_000,
}, async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  const items = Array.from({ length: ITEMS }, (_, value) => ({ value, poison: value % (ITEMS / POISON) === 7 }))
  const batch = await producer.enqueue(queue.name, items, { results: true })
  const workers = new Workers(queue.name)
  onTestFinished(() => workers.end())

  const found = new Map<number, ItemResult<{ score: number }>>()
  let after: number | undefined
  for (let isOver = false; !isOver; ) {
    isOver = true
    let yielded = 0
    for await (const item of producer.collectResults<{ score: number }>(batch, { after })) {
      expect(found.has(item.index), `item ${item.index} twice`).toBe(false)
      found.set(item.index, item)
      after = item.offset
      yielded += 1
      if (found.size % (ITEMS / KILLS) === 0 && workers.kills < KILLS) workers.killOne()
      // A collector that ends here goes on with the next turn.
      if (yielded === 70) {
        isOver = false
        break
      }
    }
  }
  const all = [...found.values()]
  const ledger = {
    done: all.filter(({ status }) => status === 'done').length,
    deadLettered: all.filter(({ status }) => status === 'dead-lettered').length,
    missing: items.filter((_, index) => !found.has(index)).length,
    wrong: all.filter((item) => item.status === 'done' && item.value.score !== item.index * 2).length,
  }
  expect(ledger).toEqual({ done: ITEMS - POISON, deadLettered: POISON, missing: 0, wrong: 0 })
  expect(workers.kills).toBeGreaterThan(KILLS / 2)
  const failures = all.flatMap((item) => (item.status === 'dead-lettered' ? [item] : []))
  for (const { index, reason } of failures)
    expect([`It cannot score ${index}.`, 'Its deliveries are used up.']).toContain(reason)
  await workers.end()
  await expect(producer.inspectQueue(`${queue.name}.results.${batch.id}`)).rejects.toMatchObject({
    code: 'QUEUE_NOT_FOUND',
  })
})
