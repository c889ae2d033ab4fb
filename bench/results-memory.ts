/**
 * Whether memory grows with the number of results: the peak of a process that collects 1,000,000 results, beside one that collects
 * 10,000. The log is written here as workers write it, since a million items would take longer to do than to collect.
 *
 * The figure that counts is measured in the heap that Node takes in a pod with a limit of 512 MiB; see `producer-memory.ts`.
 *
 *     node bench/results-memory.ts [results] [few]
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { RESULT_RECORD, resultLogOf } from '@internal/contract'
import { startBroker, uniqueName } from '@internal/testing'
import { connect } from 'amqplib'

const [many = 1_000_000, few = 10_000] = process.argv.slice(2).map(Number)
const BOUND_MB = 32
/** The number of records that are written and not yet confirmed. */
const WINDOW = 10_000
/** Node's heap limit, MiB, in a container of 512 MiB. */
const POD = '--max-heap-size=256'
const PROGRAM = fileURLToPath(new URL('./results-memory-program.ts', import.meta.url))
const BATCH = 'bench'

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const connection = await connect(broker.url)
const channel = await connection.createConfirmChannel()
process.stdout.write(`Peak memory (RSS) of a process that collects results; ${broker.description}\n`)

/** Writes the results of a batch, and the record that says how many there are. */
async function writeLog(log: string, count: number, bytes: number): Promise<void> {
  await channel.assertQueue(log, { durable: true, arguments: { 'x-queue-type': 'stream' } })
  for (let index = 0; index < count; index++) {
    const content = Buffer.from(JSON.stringify({ score: index, text: 'x'.repeat(bytes) }))
    const properties = { type: RESULT_RECORD.done, correlationId: String(index), contentType: 'application/json' }
    channel.publish('', log, content, { ...properties, persistent: true })
    if ((index * bytes) % (100 * WINDOW) === 0) await channel.waitForConfirms()
  }
  channel.publish('', log, Buffer.from(String(count)), { type: RESULT_RECORD.closed, persistent: true })
  await channel.waitForConfirms()
}

async function peakMb(count: number, bytes = 80): Promise<number> {
  const queue = uniqueName('bench')
  const log = resultLogOf(queue, BATCH)
  await writeLog(log, count, bytes)
  const { stdout } = await promisify(execFile)(process.execPath, [POD, PROGRAM, broker.url, queue, BATCH])
  await channel.deleteQueue(log)
  const found = JSON.parse(stdout) as { collected: number; peakMb: number; seconds: number }
  if (found.collected !== count) throw new Error(`${found.collected} of ${count} results were collected`)
  const rate = Math.round(count / found.seconds)
  process.stdout.write(
    `  ${String(count).padStart(9)} results of ${bytes + 30} bytes: ${found.peakMb.toFixed(1)} MB in ${found.seconds.toFixed(1)} s, ${rate} a second\n`,
  )
  return found.peakMb
}

const start = await peakMb(few)
const growth = (await peakMb(many)) - start
// As large as they may be by default: a fixed number of them read ahead would be a gigabyte.
await peakMb(1_000, 1_000_000)
process.stdout.write(`In a pod it should grow by at most ${BOUND_MB} MB: ${growth.toFixed(1)}\n`)
await connection.close()
process.exitCode = growth <= BOUND_MB ? 0 : 1
