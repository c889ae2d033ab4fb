import { type ClusterBroker, POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import {
  type ItemCounts,
  type JobCounts,
  type JobSpec,
  type RunIncompleteError,
  type RunJobOptions,
  type RunSpec,
  runJob,
} from '@podqueue/k8s'
import { createProducer, inspectQueue } from '@podqueue/producer'
import { afterAll, beforeAll, expect, test } from 'vitest'

let broker: ClusterBroker
beforeAll(async () => {
  broker = await startClusterBroker('queue')
})
afterAll(() => broker?.[Symbol.asyncDispose]())

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `item-${index}`)

/** Prints what it does; `poison` is what it cannot do. */
const WORKER = `
  import { runWorker } from '@podqueue/worker'
  await runWorker(async (item) => {
    console.log('Processing ' + item.text())
    if (item.text() === 'poison') throw new Error('cannot do that')
  })
`

/** Never done with the item `0` when that comes for the first time; prints what it does. */
const HOLDS_THE_FIRST = `
  import { runWorker } from '@podqueue/worker'
  await runWorker(async (item) => {
    console.log('Processing ' + item.text())
    if (item.text() === 'item-0' && !item.redelivered) await new Promise((done) => setTimeout(done, 600_000))
  })
`

/** The same of the items `0` to `7`, until their connection is lost. */
const HOLDS_EIGHT = `
  import { runWorker } from '@podqueue/worker'
  await runWorker(async (item, { signal }) => {
    console.log('Processing ' + item.text())
    const held = /^item-[0-7]$/.test(item.text()) && !item.redelivered
    await new Promise((done) => {
      signal.addEventListener('abort', done)
      if (!held) setTimeout(done, 1000)
    })
    signal.throwIfAborted()
  })
`

/** Is done with its item, acked and all, and then does not end. */
const HANGS_AFTER_ACK = `
  import { consumeOne } from '@podqueue/worker'
  const { status } = await consumeOne(async (item) => console.log('Processing ' + item.text()), { queue: process.env.QUEUE })
  console.log(status)
  if (status === 'done') await new Promise((done) => setTimeout(done, 600_000))
`

/** Is done with its item, acked and all, and killed before it can exit. */
const DIES_AFTER_ACK = `
  import { consumeOne } from '@podqueue/worker'
  const { status } = await consumeOne(async (item) => console.log('Processing ' + item.text()), { queue: process.env.QUEUE })
  console.log(status)
  if (status === 'done') process.kill(process.pid, 'SIGKILL')
`

/** Fills a queue of that name and runs a Job of that name over it. */
async function runOver(
  name: string,
  items: readonly string[],
  changes: Partial<Omit<JobSpec, 'queue'>> & { readonly script?: string },
  options: RunJobOptions = {},
  afterwards: () => Promise<void> | undefined = () => undefined,
) {
  const { script = WORKER, ...rest } = changes
  const { url, namespace } = broker
  // Two deliveries: Kubernetes waits 10 s, 20 s, 40 s … between the attempts of an index.
  await using producer = createProducer({ url })
  const queue = producer.queue(name)
  await queue.declare({ deliveryLimit: 1 })
  await queue.enqueue(items)
  const printed: string[] = []
  const spec: RunSpec = {
    name,
    namespace,
    image: 'podqueue-fruits',
    imagePullPolicy: 'IfNotPresent',
    // A shell as the first process, so that a kill from inside ends the program as one from outside does.
    command: ['sh', '-c', 'node --input-type=module --eval "$SCRIPT"; exit $?'],
    env: { SCRIPT: script },
    items: items.length,
    queue: { podUrl: POD_URL },
    ...rest,
  }
  const result = await runJob(spec, {
    queue,
    ...options,
    on: {
      ...options.on,
      podLog: (line) => {
        printed.push(line.line)
        options.on?.podLog?.(line)
      },
    },
  }).then(
    (done) => ({ done, error: undefined }),
    (error: unknown) => ({ done: undefined, error }),
  )
  await afterwards()
  const processed = printed.filter((line) => line.startsWith('Processing ')).map((line) => line.slice(11))
  return { ...result, processed: processed.toSorted(), printed, reading: await queue.inspect() }
}

test.concurrent('more pods than items: the surplus finds nothing, and the run completes', async () => {
  const { done, processed } = await runOver('surplus', names(8), { items: 12, parallelism: 4 })
  expect(done).toMatchObject({ completions: 12, succeeded: 12, leftover: 0 })
  expect(processed).toEqual(names(8))
})

test.concurrent('fewer pods than items: the run fails with the number that is left', async () => {
  const { error, reading } = await runOver('too-few', names(8), { items: 5, parallelism: 4 })
  expect(error).toMatchObject({ code: 'ITEMS_LEFT', result: { succeeded: 5, leftover: 3 } })
  expect(reading).toMatchObject({ ready: 3 })
})

test.concurrent("fewer pods than items with leftover: 'sweep': a further Job does the rest", async () => {
  const { done, processed } = await runOver('swept', names(8), { items: 5, parallelism: 4 }, { leftover: 'sweep' })
  expect(done).toMatchObject({
    succeeded: 5,
    leftover: 0,
    sweeps: [{ name: 'swept-sweep-1', completions: 3, succeeded: 3, runId: done?.runId }],
  })
  expect(processed).toEqual(names(8))
})

test.concurrent('a queue whose leader does not answer at the end of the run never passes for empty', async () => {
  const { url } = broker
  let resume: (() => Promise<void>) | undefined
  let looks = 0
  const { error, reading } = await runOver(
    'no-leader',
    names(5),
    { items: 3, parallelism: 3 },
    {
      // Long enough for the stop, which is a part of the first look.
      countTimeoutMs: 30_000,
      queue: {
        name: 'no-leader',
        inspect: async ({ mayTake }) => {
          if (mayTake === false) return { ready: 0, consumers: 0, verified: false }
          // The first look is that before the run; the Job is complete at the second.
          if (++looks === 2) resume = await broker.stopLeader('no-leader')
          return await inspectQueue('no-leader', { url, verifyTimeoutMs: 1000 })
        },
      },
      on: {
        progress: ({ succeeded }) => succeeded === 3 && expect(looks).toBe(1),
      },
    },
    () => resume?.(),
  )
  expect(error).toMatchObject({
    code: 'QUEUE_UNVERIFIED',
    message: expect.stringMatching(/queue no-leader is empty is not known: .*no-leader/),
    result: { succeeded: 3, failed: 0 },
    cause: { code: 'QUEUE_UNAVAILABLE' },
  })
  expect((error as RunIncompleteError).result).not.toHaveProperty('leftover')
  expect(reading).toMatchObject({ ready: 2, verified: true })
})

test.concurrent.each(['fail', 'report'] as const)(
  'a poison item ends among the dead letters, and the run says so (%s)',
  async (deadLettered) => {
    const { done, error, processed } = await runOver(
      `poison-${deadLettered}`,
      [...names(2), 'poison'],
      { parallelism: 3 },
      { deadLettered },
    )
    const lastFailure = { message: 'cannot do that', attempts: 2, pod: expect.stringMatching(/^poison-/) }
    const result = { deadLettered: 1, deadItems: [{ id: expect.stringMatching(/-2$/), lastFailure }] }
    if (deadLettered === 'report') expect(done).toMatchObject({ leftover: 0, ...result })
    else {
      expect(error).toMatchObject({ code: 'DEAD_LETTERED', result })
      expect((error as Error).message).toMatch(/\n {2}item \S+-2: .*cannot do that \(2 attempts, pod poison-\S+\)$/)
    }
    expect(processed).toEqual([...names(2), 'poison', 'poison'])
  },
)

test.concurrent('pods that are killed between ack and exit: the run completes, the queue is empty, nothing is done twice', async () => {
  const hanging = await runOver(
    'hangs',
    names(2),
    { parallelism: 2, script: HANGS_AFTER_ACK },
    {
      on: {
        podLog: ({ pod, line }) => {
          if (line === 'done') void broker.kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--wait=false')
        },
      },
    },
  )
  expect(hanging.done).toMatchObject({ succeeded: 2, leftover: 0 })
  expect(hanging.processed).toEqual(names(2))
  const dying = await runOver('dies', names(2), { parallelism: 2, script: DIES_AFTER_ACK })
  expect(dying.done).toMatchObject({ succeeded: 2, failed: 2, leftover: 0 })
  expect(dying.processed).toEqual(names(2))
})

test.concurrent.each([1, 3, 'all'] as const)(
  'itemsPerPod %s, with a pod that is killed while it holds an item: nothing is left',
  async (itemsPerPod) => {
    let killed: Promise<string> | undefined
    const counts: ItemCounts[] = []
    const { done, processed } = await runOver(
      `per-pod-${itemsPerPod}`,
      names(7),
      { itemsPerPod, parallelism: 2, script: HOLDS_THE_FIRST },
      {
        on: {
          progress: ({ items }) => void (items !== undefined && counts.push(items)),
          podLog: ({ pod, line }) => {
            if (line !== 'Processing item-0') return
            killed ??= broker.kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--wait=false')
          },
        },
      },
    )
    await killed
    expect(done).toMatchObject({ leftover: 0, deadLettered: 0 })
    // Held by the pod that was killed, and done by another.
    expect(processed).toEqual(['item-0', ...names(7)])
    expect(counts.at(-1)).toEqual({ total: 7, done: 7, left: 0, dead: 0 })
    for (const { done, left, dead } of counts) expect(done + left + dead).toBe(7)
  },
)

/** Restarts the broker once eight pods hold an item each, and says for how long no pod ran. */
async function withRestart(name: string, changes: Partial<Omit<JobSpec, 'queue'>>, giveUpMs?: number) {
  let restarting: Promise<void> | undefined
  let idleSince: number | undefined
  let idleMs: number | undefined
  let held = 0
  const giveUp = new AbortController()
  const podLog = ({ line }: { line: string }): void => {
    if (/^Processing item-[0-7]$/.test(line) && ++held === 8) restarting = broker.stop().then(() => broker.start())
  }
  const progress = ({ ready }: JobCounts): void => {
    if (restarting === undefined || idleMs !== undefined) return
    if (ready === 0 && idleSince === undefined) {
      idleSince = performance.now()
      if (giveUpMs !== undefined) setTimeout(() => giveUp.abort(), giveUpMs).unref()
    }
    if (ready > 0 && idleSince !== undefined) idleMs = performance.now() - idleSince
  }
  const { done, error, processed } = await runOver(
    name,
    names(60),
    { parallelism: 8, script: HOLDS_EIGHT, ...changes },
    { on: { podLog, progress }, ...(giveUpMs === undefined ? {} : { signal: giveUp.signal }) },
  )
  await restarting
  return { done, error, processed, idle: idleMs === undefined ? undefined : `${(idleMs / 1000).toFixed(1)} s` }
}

test('the broker restarts in a run of 60 items, and all eight workers fail at once: pods go on, and nothing is lost', async () => {
  const indexed = await withRestart('restart', {})
  expect(indexed.error).toBeUndefined()
  expect(indexed.done).toMatchObject({ succeeded: 60, failed: 8, leftover: 0, deadLettered: 0 })
  expect(new Set(indexed.processed).size).toBe(60)
  const plain = await withRestart('restart-nonindexed', { completionMode: 'NonIndexed' }, 30_000)
  expect(plain.error).toMatchObject({ code: 'ABORTED' })
  process.stderr.write(
    `broker restart: time without a pod: ${indexed.idle}; NonIndexed: ${plain.idle ?? 'more than 30 s'}\n`,
  )
})
