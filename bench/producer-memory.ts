/**
 * Whether memory grows with the number of items: the peak of a process that enqueues 1,000,000 from an async generator,
 * beside one that enqueues 10,000.
 *
 * V8 gives new objects more room the more of them are alive when it collects, up to a part of the machine's memory, and
 * keeps that room. On a machine with 24 GB a loop that reads a million items and holds the last 2000 of them takes some
 * 60 MB, with nothing published. So the figure that counts is measured in the heap that Node takes in a pod with a limit of
 * 512 MiB. The other figures are those of this machine, and of a loop that only reads.
 *
 *     node bench/producer-memory.ts [items] [few]
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startBroker, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'

const [many = 1_000_000, few = 10_000] = process.argv.slice(2).map(Number)
const BOUND_MB = 32
/** Node's heap limit, MiB, in a container of 512 MiB. */
const POD = '--max-heap-size=256'
const PROGRAM = fileURLToPath(new URL('./producer-memory-program.ts', import.meta.url))

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const admin = await connect(broker.url)
const channel = await admin.createChannel()
process.stdout.write(`Peak memory (RSS) of a process; ${broker.description}\n`)

interface Run {
  readonly flags?: readonly string[]
  /** Whether items are enqueued, or only read. */
  readonly enqueues: boolean
}

async function peakMb(count: number, { flags = [], enqueues }: Run): Promise<number> {
  const queue = enqueues ? uniqueName('bench') : ''
  if (enqueues) await channel.assertQueue(queue, { durable: true })
  const args = [...flags, PROGRAM, broker.url, queue, String(count)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  if (enqueues) await channel.deleteQueue(queue)
  const { peakMb, seconds } = JSON.parse(stdout) as { peakMb: number; seconds: number }
  process.stdout.write(`  ${String(count).padStart(9)} items: ${peakMb.toFixed(1)} MB in ${seconds.toFixed(1)} s\n`)
  return peakMb
}

async function growthMb(title: string, run: Run): Promise<number> {
  process.stdout.write(`${title}:\n`)
  const start = await peakMb(few, run)
  const growth = (await peakMb(many, run)) - start
  process.stdout.write(`  grown by ${growth.toFixed(1)} MB\n`)
  return growth
}

const inPod = await growthMb(`enqueued, the heap as in a pod of 512 MiB (${POD})`, { flags: [POD], enqueues: true })
await growthMb("enqueued, this machine's heap", { enqueues: true })
await growthMb("only read, the last 2000 kept, this machine's heap", { enqueues: false })
process.stdout.write(`In a pod it should grow by at most ${BOUND_MB} MB: ${inPod.toFixed(1)}\n`)
await admin.close()
process.exitCode = inPod <= BOUND_MB ? 0 : 1
