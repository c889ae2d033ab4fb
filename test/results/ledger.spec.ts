import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { brokerUrl } from '@internal/testing/broker-url'
import { type TestQueue, testQueue } from '@internal/testing/test-queue'
import { createProducer, type ItemResult, type Producer } from '@podqueue/producer'
import { expect, test } from 'vitest'
import { runProgram } from './run-program.ts'

const ITEMS = 1_000
const POISON = 20
const KILLS = 200
const WORKERS = 4
const COLLECTOR_KILLS = 10

type Score = { readonly score: number }

/** Keeps workers running until the queue is empty. The first {@link KILLS} of them are killed, in each way by turns. */
class Workers {
  readonly #queue: string
  #started = 0
  killedAtWork = 0
  killedBeforeAck = 0
  unexpected = 0

  constructor(queue: string) {
    this.#queue = queue
  }

  async untilEmpty(): Promise<void> {
    await Promise.all(Array.from({ length: WORKERS }, () => this.#oneAfterTheOther()))
  }

  async #oneAfterTheOther(): Promise<void> {
    for (;;) {
      const life = this.#started
      this.#started += 1
      const isDoomed = life < KILLS
      const at = 1 + (Math.floor(life / 2) % 3)
      const beforeAck = life % 2 === 0
      const doom = isDoomed ? { [beforeAck ? 'DIE_AT_ACK' : 'DIE_AT_WORK']: String(at) } : {}
      const child = runProgram('score-worker.ts', { QUEUE: this.#queue, ...doom }, 'ignore')
      const [code, signal] = await once(child, 'exit')
      if (code === 0) return
      if (signal !== 'SIGKILL') this.unexpected += 1
      else if (beforeAck) this.killedBeforeAck += 1
      else this.killedAtWork += 1
    }
  }
}

/** Collects in a process that is killed again and again, and goes on behind the last item that it wrote. */
async function collectAndDie(queue: string, batch: string): Promise<{ items: ItemResult<Score>[]; kills: number }> {
  const items: ItemResult<Score>[] = []
  let kills = 0
  for (;;) {
    const last = items.at(-1)
    const more = {
      QUEUE: queue,
      BATCH: batch,
      ...(last === undefined ? {} : { AFTER: String(last.offset) }),
      ...(kills < COLLECTOR_KILLS ? { DIE_AFTER: String(ITEMS / (COLLECTOR_KILLS * 2)) } : {}),
    }
    const child = runProgram('collector.ts', more, ['ignore', 'pipe', 'inherit'])
    if (child.stdout === null) throw new Error('it has no standard output')
    createInterface({ input: child.stdout }).on('line', (line) => void items.push(JSON.parse(line)))
    const [code, signal] = await once(child, 'close')
    if (code === 0) return { items, kills }
    if (signal !== 'SIGKILL') throw new Error(`the collector ended with ${code}`)
    kills += 1
  }
}

async function collect(producer: Producer, batch: { queue: string; id: string }): Promise<ItemResult<Score>[]> {
  const items: ItemResult<Score>[] = []
  for await (const item of producer.collectResults<Score>(batch, { keep: true })) items.push(item)
  return items
}

/** The fate of each item of the batch, as one collector told it. */
function counted(items: readonly ItemResult<Score>[]): Readonly<Record<string, number>> {
  const byIndex = new Map(items.map((item) => [item.index, item]))
  const all = [...byIndex.values()]
  const done = all.flatMap((item) => (item.status === 'done' ? [item] : []))
  const dead = all.flatMap((item) => (item.status === 'dead-lettered' ? [item] : []))
  return {
    done: done.length,
    deadLettered: dead.length,
    missing: ITEMS - byIndex.size,
    twice: items.length - byIndex.size,
    wrong: done.filter(({ value, index }) => value.score !== index * 2).length,
    withoutFailure: dead.filter(({ index, lastFailure }) => lastFailure?.message !== `It cannot score ${index}.`)
      .length,
  }
}

/** The number of records of items in a log, as a client that is not podqueue reads it. */
async function recordsOf({ channel }: TestQueue, log: string): Promise<number> {
  channel.publish('', log, Buffer.alloc(0), { type: 'end of this test' })
  const end = Promise.withResolvers<number>()
  let records = 0
  await channel.prefetch(10 * ITEMS)
  const first = { arguments: { 'x-stream-offset': 'first' } }
  const { consumerTag } = await channel.consume(
    log,
    (message) => {
      if (message?.properties.type === 'end of this test') end.resolve(records)
      else if (message?.properties.correlationId !== undefined) records += 1
    },
    first,
  )
  await end.promise
  await channel.cancel(consumerTag)
  return records
}

test('200 workers killed over 1,000 items, half of them between result and ack, and a collector killed 10 times: every item is yielded once', {
  timeout: 600_000,
}, async () => {
  await using queue = await testQueue(false)
  await using producer = createProducer({ url: brokerUrl() })
  // An item that is in hand of many killed workers is none that cannot be done.
  await producer.declareQueue(queue.name, { deliveryLimit: 100 })
  const items = Array.from({ length: ITEMS }, (_, value) => ({ value, poison: value % (ITEMS / POISON) === 7 }))
  const batch = await producer.enqueue(queue.name, items, { results: true })
  const workers = new Workers(queue.name)
  const [killed, beside] = await Promise.all([
    collectAndDie(queue.name, batch.id),
    collect(producer, batch),
    workers.untilEmpty(),
  ])
  const log = `${queue.name}.results.${batch.id}`
  const records = await recordsOf(queue, log)
  await producer.deleteBatch(batch)
  await producer.deleteQueue(queue.name, { discardItems: true })
  const left: string[] = []
  for (const name of [queue.name, `${queue.name}.dead`, log]) {
    const error = await producer.inspectQueue(name).catch((reason) => reason)
    if (error.code !== 'QUEUE_NOT_FOUND') left.push(name)
  }

  const ledger = counted(killed.items)
  const text = Object.entries(ledger).map(([name, count]) => `${name} ${count}`)
  process.stderr.write(
    `results ledger: items ${ITEMS}, workers killed ${workers.killedAtWork + workers.killedBeforeAck} ` +
      `(between result and ack ${workers.killedBeforeAck}), collector killed ${killed.kills}: ${text.join(', ')}; ` +
      `records written twice ${records - ITEMS}, queues left ${left.length}\n`,
  )
  const expected = { done: ITEMS - POISON, deadLettered: POISON, missing: 0, twice: 0, wrong: 0, withoutFailure: 0 }
  expect(ledger).toEqual(expected)
  expect(counted(beside), 'a second collector sees the same').toEqual(expected)
  expect(workers).toMatchObject({ killedAtWork: KILLS / 2, killedBeforeAck: KILLS / 2, unexpected: 0 })
  expect(killed.kills).toBe(COLLECTOR_KILLS)
  // So the kills came when the result was there and its ack was not.
  expect(records - ITEMS).toBeGreaterThan(KILLS / 4)
  expect(left).toEqual([])
})
