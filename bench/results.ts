/**
 * The cost of results: items a second of a worker with and without a result for each, and results a second of a collector, by podqueue
 * and by hand with amqplib. All take turns in one run.
 *
 *     npm run build && node bench/results.ts [work|collect] [items] [rounds]
 */
import { RESULT_RECORD, resultLogOf } from '@internal/contract'
import { startBroker, uniqueName } from '@internal/testing'
import { collectResults, deleteBatch, enqueue, type Receipt } from '@podqueue/producer'
import { consumeMany } from '@podqueue/worker'
import { type Channel, type ConfirmChannel, connect, type Options } from 'amqplib'
import { type Contestant, interleave, median, printStandings } from './interleave.ts'

const CONCURRENCY = 16
const BY_HAND = 'amqplib by hand'
const BY_HAND_WITH = 'amqplib by hand, with results'
const OURS = 'consumeMany'
const OURS_WITH = 'consumeMany, with results'
/** As many as `collectResults` reads ahead. */
const READ_AHEAD = 1_000

const [part, items, rounds = '5'] = process.argv.slice(2)
await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const { url } = broker
process.stdout.write(`${broker.description}\n`)
const admin = await connect(url, { noDelay: true })
const channel = await admin.createConfirmChannel()
const queue = uniqueName('bench')
await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } })
try {
  if (part !== 'collect') await work(Number(items ?? 10_000))
  if (part !== 'work') await collect(Number(items ?? 100_000))
} finally {
  await channel.deleteQueue(queue)
  await admin.close()
}

/** A worker with a handler that does nothing, with and without results. */
async function work(count: number): Promise<void> {
  const bodies = Array.from({ length: count }, (_, index) => `item ${index}`)
  const taken = new Map<string, { readonly rates: number[]; readonly costs: number[] }>()
  const contestant = (name: string, results: boolean, run: (log: string | undefined) => Promise<void>): Contestant => {
    const rates: number[] = []
    const costs: number[] = []
    taken.set(name, { rates, costs })
    const measured = async (): Promise<number> => {
      const batch = await enqueue(queue, bodies, { url, results })
      const before = process.cpuUsage()
      const startedAt = performance.now()
      await run(results ? resultLogOf(queue, batch.id) : undefined)
      const rate = count / ((performance.now() - startedAt) / 1_000)
      const { user, system } = process.cpuUsage(before)
      rates.push(rate)
      costs.push((user + system) / count)
      if (results) await checkResults(batch, count)
      return rate
    }
    return { name, run: measured }
  }
  const byHand = (log: string | undefined): Promise<void> => workByHand(count, log)
  const byPodqueue = async (): Promise<void> => {
    await consumeMany(() => ({ score: 1 }), { queue, url, concurrency: CONCURRENCY, maxItems: count })
  }
  const contestants = [
    contestant(BY_HAND, false, byHand),
    contestant(BY_HAND_WITH, true, byHand),
    contestant(OURS, false, byPodqueue),
    contestant(OURS_WITH, true, byPodqueue),
  ]
  const standings = await interleave(contestants, Number(rounds))
  printStandings(`${count} items, no-op handler, concurrency ${CONCURRENCY}`, 'items/s', standings)
  // The cost of the library itself, without the rest of the load of the machine.
  const costs = [...taken].map(([name, { costs }]) => `${name} ${median(costs).toFixed(0)}`)
  process.stdout.write(`  processor time of the client, µs an item, median: ${costs.join(' · ')}\n`)
  // Neighbours in time, since the speed of a machine drifts.
  const paired = (one: string, other: string): string => {
    const [rates = [], others = []] = [taken.get(one)?.rates, taken.get(other)?.rates]
    return median(rates.map((rate, round) => rate / (others[round] ?? Number.NaN))).toFixed(2)
  }
  const withAndWithout = `by hand ${paired(BY_HAND_WITH, BY_HAND)}×, consumeMany ${paired(OURS_WITH, OURS)}×`
  process.stdout.write(`  rate with results to that without, in the same round, median: ${withAndWithout}\n`)
  process.stdout.write(
    `  with results, consumeMany to by hand, in the same round, median: ${paired(OURS_WITH, BY_HAND_WITH)}×\n`,
  )
}

async function checkResults(batch: Receipt, count: number): Promise<void> {
  let there = 0
  for await (const { status } of collectResults(batch, { url })) if (status === 'done') there += 1
  if (there !== count) throw new Error(`${there} of ${count} results are there`)
}

/** A worker that publishes a result on a connection of its own, waits for the confirm, and acks then. */
async function workByHand(count: number, log: string | undefined): Promise<void> {
  const connections = [await connect(url, { noDelay: true }), await connect(url, { noDelay: true })] as const
  const consumer = await connections[0].createChannel()
  const publisher: ConfirmChannel = await connections[1].createConfirmChannel()
  await consumer.prefetch(CONCURRENCY)
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = count
  await consumer.consume(queue, (message) => {
    if (message === null) return
    const ack = (): void => {
      consumer.ack(message)
      left -= 1
      if (left === 0) resolve()
    }
    if (log === undefined) ack()
    else publisher.publish('', log, result(), { ...record(message.properties.correlationId), mandatory: true }, ack)
  })
  await promise
  // A round trip behind the last ack.
  await consumer.prefetch(CONCURRENCY)
  for (const connection of connections) await connection.close()
}

function record(correlationId: string): Options.Publish {
  return { type: RESULT_RECORD.done, correlationId, contentType: 'application/json', persistent: true }
}

function result(): Buffer {
  return Buffer.from(JSON.stringify({ score: 1 }))
}

/** The results of a whole batch, read from their log. */
async function collect(count: number): Promise<void> {
  const batch = await enqueue(queue, numbers(count), { url, results: true })
  await channel.purgeQueue(queue)
  const log = resultLogOf(queue, batch.id)
  for (let index = 0; index < count; index++) {
    channel.publish('', log, result(), record(String(index)))
    if (index % 5_000 === 0) await channel.waitForConfirms()
  }
  await channel.waitForConfirms()
  const rate = (run: () => Promise<number>) => async (): Promise<number> => {
    const startedAt = performance.now()
    const read = await run()
    if (read !== count) throw new Error(`${read} of ${count} results were read`)
    return count / ((performance.now() - startedAt) / 1_000)
  }
  const contestants = [
    { name: BY_HAND, run: rate(() => collectByHand(log, count)) },
    {
      name: 'collectResults',
      run: rate(async () => {
        let read = 0
        for await (const { status } of collectResults(batch, { url, keep: true })) if (status === 'done') read += 1
        return read
      }),
    },
  ]
  try {
    printStandings(`${count} results of a log`, 'results/s', await interleave(contestants, Number(rounds)))
  } finally {
    await deleteBatch(batch, { url })
  }
}

function* numbers(count: number): Generator<number> {
  for (let index = 0; index < count; index++) yield index
}

/** A stream consumer that decodes each result and drops those that come twice, by a set of indexes. */
async function collectByHand(log: string, count: number): Promise<number> {
  const connection = await connect(url, { noDelay: true })
  const consumer: Channel = await connection.createChannel()
  await consumer.prefetch(READ_AHEAD)
  const seen = new Set<string>()
  const values: unknown[] = []
  let unacked = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.consume(
    log,
    (message) => {
      if (message === null) return
      const { type, correlationId } = message.properties
      unacked += 1
      if (unacked === READ_AHEAD / 4) {
        unacked = 0
        consumer.ack(message, true)
      }
      if (type !== RESULT_RECORD.done || seen.has(correlationId)) return
      seen.add(correlationId)
      values.push(JSON.parse(message.content.toString()))
      if (seen.size === count) resolve()
    },
    { arguments: { 'x-stream-offset': 'first' } },
  )
  await promise
  await connection.close()
  return values.length
}
