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

async function peakOf(count: number, flags: readonly string[]): Promise<number> {
  const queue = uniqueName('bench')
  await channel.assertQueue(queue, { durable: true })
  const args = [...flags, PROGRAM, broker.url, queue, String(count)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  await channel.deleteQueue(queue)
  const { peakMb, seconds } = JSON.parse(stdout) as { peakMb: number; seconds: number }
  process.stdout.write(`  ${String(count).padStart(9)} items: ${peakMb.toFixed(1)} MB in ${seconds.toFixed(1)} s\n`)
  return peakMb
}

// V8 lets its heap grow with the age of a program, whatever that holds: garbage of up to a hundred megabytes. With a heap
// that is held small for both, only what is kept can make a difference, and what does not fit would end the process.
const held = ['--max-old-space-size=24', '--max-semi-space-size=1']
process.stdout.write(`with a heap held small (${held.join(' ')}):\n`)
const difference = -(await peakOf(Number(few), held)) + (await peakOf(Number(items), held))
process.stdout.write(`  the difference: ${difference.toFixed(1)} MB (it should be at most 32)\n`)
process.stdout.write("with Node's defaults:\n")
const grown = -(await peakOf(Number(few), [])) + (await peakOf(Number(items), []))
process.stdout.write(`  the difference: ${grown.toFixed(1)} MB\n`)
await admin.close()
process.exitCode = difference <= 32 ? 0 : 1
