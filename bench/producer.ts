/**
 * How fast items get into a queue, all confirmed: podqueue beside the libraries that people use and beside a client
 * that does nothing, interleaved in one run.
 *
 *     node bench/producer.ts [items] [rounds] [names…]
 */
import { startBroker, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'
import { interleave, median, printStandings } from './interleave.ts'
import { CEILING } from './producer-ceiling.ts'
import { PUBLISHERS, type Publisher } from './producer-contestants.ts'

const [amount = '100000', rounds = '5', ...only] = process.argv.slice(2)
const count = Number(amount)
const bodies = Array.from({ length: count }, (_, index) => `item-${index}`.padEnd(100, '.'))
const contestants = [...PUBLISHERS, CEILING].filter(
  ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
)

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
process.stdout.write(`${count} persistent items of 100 B, all confirmed; ${broker.description}\n`)
const admin = await connect(broker.url)
const channel = await admin.createChannel()

for (const type of ['quorum', 'classic']) {
  const processor = new Map<string, number[]>()
  const run = async ({ name, publish, share = 1 }: Publisher): Promise<number> => {
    const queue = uniqueName('bench')
    const items = bodies.slice(0, count * share)
    await channel.assertQueue(queue, { arguments: { 'x-queue-type': type } })
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    await publish(broker.url, queue, items)
    const seconds = (performance.now() - startedAt) / 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    processor.set(name, [...(processor.get(name) ?? []), (user + system) / items.length])
    const { messageCount } = await channel.deleteQueue(queue)
    if (messageCount !== items.length) throw new Error(`${messageCount} of ${items.length} items are in the queue`)
    return items.length / seconds
  }
  const turns = contestants.map((publisher) => ({ name: publisher.name, run: () => run(publisher) }))
  printStandings(`${type} queue`, 'items/s', await interleave(turns, Number(rounds)))
  // The cost of the library itself, without the rest of the load of the machine.
  const costs = contestants.map(({ name }) => `${name} ${median(processor.get(name) ?? []).toFixed(1)}`)
  process.stdout.write(`  processor time of the client, µs an item, median: ${costs.join(' · ')}\n`)
}
await admin.close()
