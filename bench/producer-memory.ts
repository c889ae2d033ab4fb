/**
 * Whether memory grows with the number of items: the peak of a process that enqueues 1,000,000 from an async generator,
 * beside one that enqueues 10,000.
 *
 *     node bench/producer-memory.ts [items] [few]
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startBroker, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'

const [items = '1000000', few = '10000'] = process.argv.slice(2)
const PROGRAM = fileURLToPath(new URL('./producer-memory-program.ts', import.meta.url))

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const admin = await connect(broker.url)
const channel = await admin.createChannel()
process.stdout.write(`Peak memory (RSS) of a process that enqueues from an async generator; ${broker.description}\n`)
const peaks: number[] = []
for (const count of [Number(few), Number(items)]) {
  const queue = uniqueName('bench')
  await channel.assertQueue(queue, { durable: true })
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, broker.url, queue, String(count)])
  await channel.deleteQueue(queue)
  const { peakMb, seconds } = JSON.parse(stdout) as { peakMb: number; seconds: number }
  peaks.push(peakMb)
  process.stdout.write(`  ${String(count).padStart(9)} items: ${peakMb.toFixed(1)} MB in ${seconds.toFixed(1)} s\n`)
}
const [low = 0, high = 0] = peaks
process.stdout.write(`  the difference: ${(high - low).toFixed(1)} MB (it should be at most 32)\n`)
await admin.close()
process.exitCode = high - low <= 32 ? 0 : 1
