/**
 * The cost of a worker beside others: a whole process for one item, many items in one process, and the memory of a worker that
 * waits. Run `npm run build` first, then `node bench/worker.ts [start|many|memory]`; `BROKER_URL` or `TEST_BROKER` names the broker.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { amqpTools, startBroker, uniqueName } from '@internal/testing'
import { consumeMany } from '@podqueue/worker'
import { type ConfirmChannel, connect } from 'amqplib'
import { type Contestant, interleave, printStandings } from './interleave.ts'

const announce = (line: string): void => void process.stderr.write(`${line}\n`)
const contestant = (name: string): string => fileURLToPath(new URL(`./worker/${name}`, import.meta.url))
const COMMAND = fileURLToPath(new URL('../packages/worker/dist/podqueue-worker.js', import.meta.url))
const ROUNDS = 61

const only = process.argv[2]
await using broker = await startBroker({ announce })
announce(broker.description)
const connection = await connect(broker.url)
const channel = await connection.createConfirmChannel()
const queue = uniqueName('bench')
await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } })
try {
  if (only === undefined || only === 'start') await start()
  if (only === undefined || only === 'many') for (const prefetch of [1, 16]) await many(prefetch)
  if (only === undefined || only === 'memory') await memory()
} finally {
  await channel.deleteQueue(queue)
  await connection.close()
}

/** One item a process, from its start to its end. */
async function start(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-bench-'))
  const cache = { NODE_COMPILE_CACHE: folder }
  const node = process.execPath
  const tools = await amqpTools({ announce })
  if (!tools.available) announce(`skipped amqp-consume: ${tools.reason}`)
  const consume = tools.available ? [tools.consume, '-u', broker.url, '-q', queue, '-c', '1', 'true'] : undefined
  const contestants: Contestant[] = [
    wholeProcess('node -e 0', [node, '-e', '0']),
    wholeProcess('podqueue, handler', [node, contestant('handler.mjs')]),
    wholeProcess('podqueue, handler, compile cache', [node, contestant('handler.mjs')], cache),
    wholeProcess('podqueue-worker -- true', [node, COMMAND, '--', 'true']),
    wholeProcess('podqueue-worker -- true, compile cache', [node, COMMAND, '--', 'true'], cache),
    wholeProcess('amqplib by hand', [node, contestant('amqplib-one.mjs')]),
    wholeProcess('rabbitmq-client', [node, contestant('rabbitmq-client-one.mjs')]),
    ...(consume === undefined ? [] : [wholeProcess('amqp-consume -c 1 true', consume)]),
  ]
  try {
    await channel.purgeQueue(queue)
    await fill(contestants.length * (ROUNDS + 1))
    printStandings('one item, whole process', 'ms', await interleave(contestants, ROUNDS))
  } finally {
    await rm(folder, { recursive: true })
  }
}

function wholeProcess(
  name: string,
  [program = '', ...args]: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Contestant {
  return {
    name,
    run: async () => {
      const startedAt = performance.now()
      const child = spawn(program, args, {
        // As in a container, whose runtime sets HOSTNAME.
        env: { ...process.env, HOSTNAME: 'bench', BROKER_URL: broker.url, QUEUE: queue, ...extra },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      const [code, signal] = await once(child, 'exit')
      // amqp-consume dies of SIGPIPE when `true` ends before it has been written its item.
      if (code !== 0 && signal !== 'SIGPIPE') throw new Error(`${name} exited with ${code}`)
      return performance.now() - startedAt
    },
  }
}

/** Many items in one process, with a handler that does nothing. */
async function many(prefetch: number): Promise<void> {
  const count = prefetch === 1 ? 3_000 : 20_000
  const rate = (startedAt: number): number => count / ((performance.now() - startedAt) / 1_000)
  const prepared = async (): Promise<number> => {
    await channel.purgeQueue(queue)
    await fill(count)
    return performance.now()
  }
  const standings = await interleave(
    [
      { name: 'amqplib by hand', run: async () => rate(await raw(await prepared(), count, prefetch)) },
      {
        name: 'consumeMany',
        run: async () => {
          const startedAt = await prepared()
          await consumeMany(() => {}, { queue, url: broker.url, concurrency: prefetch, maxItems: count })
          return rate(startedAt)
        },
      },
    ],
    15,
  )
  printStandings(`many items, no-op handler, prefetch ${prefetch}`, 'items/s', standings)
}

/** A minimal consumer: it acks each item, and at the end makes a round trip behind all acks. */
async function raw(startedAt: number, count: number, prefetch: number): Promise<number> {
  const own = await connect(broker.url, { noDelay: true })
  const consumer = await own.createChannel()
  await consumer.prefetch(prefetch)
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = count
  await consumer.consume(queue, (message) => {
    if (message === null) return
    consumer.ack(message)
    left -= 1
    if (left === 0) resolve()
  })
  await promise
  await consumer.prefetch(prefetch)
  await own.close()
  return startedAt
}

/** Resident memory of a worker that waits for an item. */
async function memory(): Promise<void> {
  await channel.purgeQueue(queue)
  const waiting = (name: string, args: readonly string[]): Contestant => ({ name, run: () => residentMiB(args) })
  const standings = await interleave([
    waiting('amqplib by hand', [contestant('amqplib-one.mjs')]),
    waiting('podqueue, handler', [contestant('handler.mjs')]),
    waiting('podqueue-worker -- true', [COMMAND, '--', 'true']),
  ])
  printStandings('resident memory of a waiting worker', 'MiB', standings)
}

async function residentMiB(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, BROKER_URL: broker.url, QUEUE: queue, PODQUEUE_EMPTY: 'wait' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    for (;;) if ((await channel.checkQueue(queue)).consumerCount === 1) break
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024
  } finally {
    child.kill('SIGKILL')
    await exited
    for (;;) if ((await channel.checkQueue(queue)).consumerCount === 0) break
  }
}

async function fill(count: number, into: ConfirmChannel = channel): Promise<void> {
  for (let index = 0; index < count; index++) {
    into.publish('', queue, Buffer.from(`item ${index}`), { persistent: true })
  }
  await into.waitForConfirms()
}
