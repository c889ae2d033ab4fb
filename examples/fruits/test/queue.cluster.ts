import { type JobCounts, type JobSpec, type RunIncompleteError, type RunJobOptions, runJob } from '@podqueue/k8s'
import { declareQueue, enqueue, inspectQueue } from '@podqueue/producer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ClusterBroker, POD_URL, startClusterBroker } from './cluster-broker.ts'

let broker: ClusterBroker
beforeAll(async () => {
  broker = await startClusterBroker()
})
afterAll(() => broker?.[Symbol.asyncDispose]())

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `item-${index}`)

/** Prints what it does; `poison` is what it cannot do. */
const WORKER = `
  import { runWorker } from '@podqueue/worker'
  await runWorker(async (item) => {
    console.log('Processing ' + item.text())
    if (item.text() === 'poison') throw new Error('cannot do that')
    await new Promise((done) => setTimeout(done, Number(process.env.TAKES_MS)))
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
  changes: Partial<Omit<JobSpec, 'queue'>> & { readonly script?: string; readonly takesMs?: number },
  options: RunJobOptions = {},
  afterwards: () => Promise<void> | undefined = () => undefined,
) {
  const { script = WORKER, takesMs = 0, ...rest } = changes
  const { url, namespace } = broker
  // Two deliveries: Kubernetes waits 10 s, 20 s, 40 s … between the attempts of an index.
  await declareQueue(name, { url, deliveryLimit: 1 })
  await enqueue(name, items, { url })
  const printed: string[] = []
  const spec: JobSpec = {
    name,
    namespace,
    image: 'podqueue-fruits',
    imagePullPolicy: 'IfNotPresent',
    // A shell as the first process, so that a kill from inside ends the program as one from outside does.
    command: ['sh', '-c', 'node --input-type=module --eval "$SCRIPT"; exit $?'],
    env: { SCRIPT: script, TAKES_MS: String(takesMs) },
    items: items.length,
    queue: { name, podUrl: POD_URL },
    ...rest,
  }
  const result = await runJob(spec, {
    inspectQueue: () => inspectQueue(name, { url }),
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
  return { ...result, processed: processed.toSorted(), printed, reading: await inspectQueue(name, { url }) }
}

test.concurrent('more pods than items: the surplus finds nothing, and the run completes', async () => {
  const { done, processed } = await runOver('surplus', names(8), { items: 12, parallelism: 4 })
  expect(done).toMatchObject({ completions: 12, succeeded: 12, leftOver: 0 })
  expect(processed).toEqual(names(8))
})

test.concurrent('fewer pods than items: the run fails with the number that is left', async () => {
  const { error, reading } = await runOver('too-few', names(8), { items: 5, parallelism: 4 })
  expect(error).toMatchObject({ code: 'ITEMS_LEFT', result: { succeeded: 5, leftOver: 3 } })
  expect(reading).toMatchObject({ ready: 3 })
})

test.concurrent("fewer pods than items with leftover: 'sweep': a further Job does the rest", async () => {
  const { done, processed } = await runOver('swept', names(8), { items: 5, parallelism: 4 }, { leftover: 'sweep' })
  expect(done).toMatchObject({
    succeeded: 5,
    leftOver: 0,
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
      countTimeoutMs: 4000,
      inspectQueue: async () => {
        // The first look is that before the run; the Job is complete at the second.
        if (++looks === 2) resume = await broker.stopLeader('no-leader')
        return await inspectQueue('no-leader', { url, verifyTimeoutMs: 1000 })
      },
      on: {
        progress: ({ succeeded }) => succeeded === 3 && expect(looks).toBe(1),
      },
    },
    () => resume?.(),
  )
  expect(looks).toBeGreaterThan(2)
  expect(error).toMatchObject({
    code: 'QUEUE_UNVERIFIED',
    message: expect.stringMatching(/queue no-leader is empty is not known: .*no-leader/),
    result: { succeeded: 3, failed: 0 },
    cause: { code: 'QUEUE_UNAVAILABLE' },
  })
  expect((error as RunIncompleteError).result).not.toHaveProperty('leftOver')
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
    if (deadLettered === 'fail') expect(error).toMatchObject({ code: 'DEAD_LETTERED', result: { deadLettered: 1 } })
    else expect(done).toMatchObject({ leftOver: 0, deadLettered: 1 })
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
  expect(hanging.done).toMatchObject({ succeeded: 2, leftOver: 0 })
  expect(hanging.processed).toEqual(names(2))
  const dying = await runOver('dies', names(2), { parallelism: 2, script: DIES_AFTER_ACK })
  expect(dying.done).toMatchObject({ succeeded: 2, failed: 2, leftOver: 0 })
  expect(dying.processed).toEqual(names(2))
})

test.concurrent.each([1, 3, 'all'] as const)(
  'itemsPerPod %s, with a pod that is killed while it holds an item: nothing is left',
  async (itemsPerPod) => {
    let killed: Promise<string> | undefined
    const { done, processed } = await runOver(
      `per-pod-${itemsPerPod}`,
      names(7),
      { itemsPerPod, parallelism: 2, takesMs: 3000 },
      {
        on: {
          podLog: ({ pod }) => {
            killed ??= broker.kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--wait=false')
          },
        },
      },
    )
    await killed
    expect(done).toMatchObject({ leftOver: 0, deadLettered: 0 })
    expect([...new Set(processed)]).toEqual(names(7))
  },
)

/** Restarts the broker once all pods run, and says for how long none did. */
async function withRestart(name: string, count: number, changes: Partial<Omit<JobSpec, 'queue'>>, giveUpMs?: number) {
  let restarting: Promise<void> | undefined
  let idleSince: number | undefined
  let idleMs: number | undefined
  const giveUp = new AbortController()
  const progress = ({ ready, succeeded, failed }: JobCounts): void => {
    const now = performance.now()
    if (ready === 8 && succeeded > 0) restarting ??= broker.stop().then(() => broker.start())
    if (restarting === undefined || idleMs !== undefined) return
    if (ready === 0 && idleSince === undefined) {
      idleSince = now
      if (giveUpMs !== undefined) setTimeout(() => giveUp.abort(), giveUpMs).unref()
    }
    if (ready > 0 && idleSince !== undefined && failed + succeeded > 0) idleMs = now - idleSince
  }
  const { done, error, processed } = await runOver(
    name,
    names(count),
    { parallelism: 8, takesMs: 2500, ...changes },
    { on: { progress }, ...(giveUpMs === undefined ? {} : { signal: giveUp.signal }) },
  )
  await restarting
  return { done, error, processed, idleMs }
}

test('the broker restarts in a run of 60 items, and all eight workers fail at once: pods go on, and nothing is lost', async () => {
  const indexed = await withRestart('restart', 60, {})
  expect(indexed.error).toBeUndefined()
  expect(indexed.done).toMatchObject({ succeeded: 60, leftOver: 0, deadLettered: 0 })
  expect(new Set(indexed.processed).size).toBe(60)
  const plain = await withRestart('restart-nonindexed', 60, { completionMode: 'NonIndexed' }, 20_000)
  const seconds = (ms: number | undefined): string =>
    ms === undefined ? 'more than 20 s' : `${(ms / 1000).toFixed(1)} s`
  process.stderr.write(
    `broker restart: time without a pod: ${seconds(indexed.idleMs)}; NonIndexed: ${seconds(plain.idleMs)}\n`,
  )
})
