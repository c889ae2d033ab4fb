/**
 * The cost of the diagnostics channels and of telemetry: `enqueue` and `consumeMany` as they are, beside the same build without its
 * channels, and with all spans and metrics made. Run `npm run build` first.
 *
 *     node bench/telemetry.ts [items] [rounds]
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startBroker, uniqueName } from '@internal/testing'
import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import * as producer from '@podqueue/producer'
import { instrumentProducer } from '@podqueue/producer/otel'
import * as worker from '@podqueue/worker'
import { instrumentWorker } from '@podqueue/worker/otel'
import { connect } from 'amqplib'
import { interleave, median, printStandings } from './interleave.ts'

const [amount = '50000', rounds = '9'] = process.argv.slice(2)
const count = Number(amount)
const bodies = Array.from({ length: count }, (_, index) => `item-${index}`.padEnd(100, '.'))

/** A question for subscribers in the built files. */
const ASKS = /[\w$#.]+\.hasSubscribers/g

/** The built package with every question for subscribers answered by false, as if there were no channel. */
async function withoutChannels<Module>(name: 'producer' | 'worker', folder: string): Promise<Module> {
  const index = fileURLToPath(import.meta.resolve(`@podqueue/${name}`))
  let asked = 0
  for (const file of await readdir(dirname(index))) {
    if (!file.endsWith('.js') || file.startsWith('otel')) continue
    const built = await readFile(join(dirname(index), file), 'utf8')
    asked += built.match(ASKS)?.length ?? 0
    await writeFile(join(folder, file), built.replaceAll(ASKS, 'false'))
  }
  if (asked < 4) throw new Error(`${name} asks for subscribers only ${asked} times`)
  return await import(pathToFileURL(join(folder, basename(index))).href)
}

async function bareCalls() {
  const folder = await mkdtemp(fileURLToPath(new URL('./without-channels-', import.meta.url)))
  try {
    const [publishing, consuming] = [join(folder, 'producer'), join(folder, 'worker')]
    for (const part of [publishing, consuming]) await mkdir(part)
    return {
      ...(await withoutChannels<typeof producer>('producer', publishing)),
      ...(await withoutChannels<typeof worker>('worker', consuming)),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
const bare = await bareCalls()

// An SDK as a service has it, less the network.
const nowhere: SpanExporter = { export: (_, done) => done({ code: 0 }), shutdown: async () => {} }
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter: nowhere })] }))
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))

interface Way {
  readonly name: string
  readonly calls: Pick<typeof bare, 'enqueue' | 'consumeMany'>
  readonly traced?: boolean
}
const WAYS: readonly Way[] = [
  { name: 'without the channels', calls: bare },
  { name: 'no subscriber', calls: { ...producer, ...worker } },
  { name: 'traced and measured', calls: { ...producer, ...worker }, traced: true },
]

await using broker = await startBroker({ announce: (line) => void process.stderr.write(`broker: ${line}\n`) })
const { url } = broker
const admin = await connect(url)
const channel = await admin.createChannel()

type Calls = Way['calls']
await compare('enqueue', async (queue, { enqueue }) => void (await enqueue(queue, bodies, { url })))
await compare(
  'consumeMany, 16 at a time',
  async (queue, { consumeMany }) => {
    const { done } = await consumeMany(() => {}, {
      queue,
      url,
      concurrency: 16,
      maxItems: count,
      idleTimeoutMs: 60_000,
    })
    if (done !== count) throw new Error(`${done} of ${count} items are done`)
  },
  async (queue) => void (await producer.enqueue(queue, bodies, { url })),
)
await admin.close()
await reader.shutdown()

async function compare(
  title: string,
  work: (queue: string, calls: Calls) => Promise<void>,
  prepare?: (queue: string) => Promise<void>,
): Promise<void> {
  const processor = new Map<string, number[]>(WAYS.map(({ name }) => [name, []]))
  const run = async ({ name, calls, traced }: Way): Promise<number> => {
    const queue = uniqueName('bench')
    await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'classic' } })
    await prepare?.(queue)
    const ends = traced === true ? [instrumentProducer(), instrumentWorker()] : []
    const before = process.cpuUsage()
    const startedAt = performance.now()
    await work(queue, calls)
    const seconds = (performance.now() - startedAt) / 1_000
    const { user, system } = process.cpuUsage(before)
    for (const end of ends) end()
    processor.get(name)?.push((user + system) / count)
    await channel.deleteQueue(queue)
    return count / seconds
  }
  const turns = WAYS.map((way) => ({ name: way.name, run: () => run(way) }))
  printStandings(`${title}, ${count} items of 100 B`, 'items/s', await interleave(turns, Number(rounds)))
  // The cost of the library itself, without the rest of the load of the machine.
  const costs = WAYS.map(({ name }) => `${name} ${median(processor.get(name) ?? []).toFixed(2)}`)
  process.stdout.write(`  processor time of the client, µs an item, median: ${costs.join(' · ')}\n`)
}
