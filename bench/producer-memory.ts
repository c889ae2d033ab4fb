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

interface Run {
  readonly flags: readonly string[]
  /** Whether items are enqueued, or only read. */
  readonly enqueues: boolean
}

async function peakOf(count: number, { flags, enqueues }: Run): Promise<number> {
  const queue = enqueues ? uniqueName('bench') : ''
  if (enqueues) await channel.assertQueue(queue, { durable: true })
  const args = [...flags, PROGRAM, broker.url, queue, String(count)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  if (enqueues) await channel.deleteQueue(queue)
  const { peakMb, seconds } = JSON.parse(stdout) as { peakMb: number; seconds: number }
  process.stdout.write(`  ${String(count).padStart(9)} items: ${peakMb.toFixed(1)} MB in ${seconds.toFixed(1)} s\n`)
  return peakMb
}

async function growth(title: string, run: Run): Promise<number> {
  process.stdout.write(`${title}:\n`)
  const difference = -(await peakOf(Number(few), run)) + (await peakOf(Number(items), run))
  process.stdout.write(`  the difference: ${difference.toFixed(1)} MB\n`)
  return difference
}

// V8 makes the heap for new objects larger the more of them survive, whatever is kept in the end: a bare loop over the
// same generator grows as well. With that part held small, the rest of the heap may grow as it likes: with what is kept.
const held = '--max-semi-space-size=8'
const kept = await growth(`with room for new objects held small (${held})`, { flags: [held], enqueues: true })
const enqueued = await growth("with Node's defaults", { flags: [], enqueues: true })
const read = await growth('the same, and items are only read, the last 2000 kept', { flags: [], enqueues: false })
process.stdout.write(
  `It should be at most 32 MB: ${kept.toFixed(1)} with ${held}, ${(enqueued - read).toFixed(1)} more than reading\n`,
)
await admin.close()
process.exitCode = Math.max(kept, enqueued - read) <= 32 ? 0 : 1
