import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { BatchV1Api } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  type JobCounts,
  JobFailedError,
  type JobSpec,
  type K8sError,
  type KubeConfigLike,
  type QueueReading,
  type ReadOptions,
  RunIncompleteError,
  type RunJobOptions,
  type RunProgress,
  type RunQueue,
  runJob,
  type StuckEvent,
  submitJob,
  waitForJob,
} from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'
import { gateTo } from './gate.ts'
import { lossy } from './lossy.ts'

let cluster: LocalCluster
let kubeConfig: LocalCluster['kubeConfig']
let jobs = 0

beforeAll(async () => {
  cluster = await startLocalCluster({ backoffScale: 0.01 })
  kubeConfig = cluster.kubeConfig
})
afterAll(() => cluster.close())

/** A Job of a name of its own whose pods run a shell script. */
function spec(changes: Partial<JobSpec> & { readonly script?: string }): JobSpec {
  const { script = 'true', ...rest } = changes
  return {
    name: `work-${++jobs}`,
    image: 'any',
    command: ['sh', '-c', script],
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://user:geheim@127.0.0.1:5672' },
    ...rest,
  }
}

const UNTIL_TERM = 'trap "exit 143" TERM; sleep 600 & wait'

test('a Job runs to its end, and tells what its pods print, each line once', async () => {
  const printed: string[] = []
  const seen: JobCounts[] = []
  const result = await runJob(
    spec({ items: 4, parallelism: 2, script: 'echo "$JOB_COMPLETION_INDEX: $QUEUE"; echo end' }),
    {
      kubeConfig,
      on: { podLog: ({ index, line }) => printed.push(`${index} ${line}`), progress: (counts) => seen.push(counts) },
    },
  )
  expect(result).toMatchObject({ completions: 4, succeeded: 4, failed: 0 })
  expect(printed.sort()).toEqual([0, 1, 2, 3].flatMap((index) => [`${index} ${index}: job1`, `${index} end`]))
  expect(seen.at(-1)).toMatchObject({ succeeded: 4, active: 0 })
})

test('a handle waits for its Job, reads its logs while it runs and after, and deletes it', async () => {
  const handle = await submitJob(spec({ items: 2, parallelism: 2, script: 'echo begin; sleep 0.3; echo end' }), {
    kubeConfig,
  })
  const live: string[] = []
  for await (const { line } of handle.logs()) live.push(line)
  expect(live.sort()).toEqual(['begin', 'begin', 'end', 'end'])
  await expect(handle.wait()).resolves.toMatchObject({
    name: handle.name,
    uid: handle.uid,
    runId: handle.runId,
    succeeded: 2,
  })
  const after: string[] = []
  for await (const { line } of handle.logs({ follow: false })) after.push(line)
  expect(after).toEqual(['begin', 'end', 'begin', 'end'])
  await handle.delete()
  await handle.delete()
  await expect(waitForJob(handle, { kubeConfig })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('an attempt that fails is told of and does not fail the run', async () => {
  const failed: unknown[] = []
  const script = 'test -e "$ONCE" && exit 0; touch "$ONCE"; echo no luck; exit 3'
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  try {
    const result = await runJob(spec({ script, env: { ONCE: `${folder}/once` } }), {
      kubeConfig,
      on: { podFailed: (failure) => failed.push(failure) },
    })
    expect(result).toMatchObject({ succeeded: 1, failed: 1 })
    expect(failed).toMatchObject([{ index: 0, exitCode: 3 }])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a Job that fails says why, with exit codes and the ends of the logs, and addresses without passwords', async () => {
  const limited = spec({
    script: 'echo "connecting to $BROKER_URL"; echo "no such frame"; exit 3',
    template: (job) => {
      if (job.spec !== undefined) job.spec.backoffLimitPerIndex = 0
      return job
    },
  })
  const error = await runJob(limited, { kubeConfig }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(JobFailedError)
  expect(error).toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('no such frame'),
    job: {
      reason: 'FailedIndexes',
      pods: [{ exitCode: 3, logTail: ['connecting to amqp://***@127.0.0.1:5672', 'no such frame'] }],
    },
  })
  expect(JSON.stringify(error)).not.toContain('geheim')
})

test.each([64, 77, 78])('a worker that ends with %i ends the run, and its Job is deleted', async (code) => {
  const wrong = spec({
    items: 3,
    parallelism: 3,
    script: `test $JOB_COMPLETION_INDEX = 1 && exit ${code}; ${UNTIL_TERM}`,
  })
  const error = await runJob(wrong, { kubeConfig }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({
    code: 'WORKER_MISCONFIGURED',
    job: { pods: expect.arrayContaining([expect.objectContaining({ index: 1, exitCode: code })]), fate: 'deleted' },
  })
  await expect(waitForJob(wrong.name, { kubeConfig })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('an image that cannot be had, or a Secret that is missing, ends the run after the grace, by name', async () => {
  const image: JobSpec = {
    name: 'no-image',
    image: 'nobody.invalid/none:1',
    items: 1,
    queue: { name: 'q', podUrl: 'amqp://127.0.0.1' },
  }
  await expect(runJob(image, { kubeConfig, startGraceMs: 500 })).rejects.toMatchObject({
    code: 'IMAGE_UNAVAILABLE',
    message: expect.stringContaining('nobody.invalid/none:1'),
  })
  const secret = spec({ queue: { name: 'q', urlFrom: { secret: 'no-such-secret', key: 'url' } } })
  await expect(runJob(secret, { kubeConfig, startGraceMs: 500 })).rejects.toMatchObject({
    code: 'CONFIG_MISSING',
    message: expect.stringContaining('no-such-secret'),
  })
})

test.each([
  { onAbort: 'delete', fate: 'deleted' },
  { onAbort: 'suspend', fate: 'suspended' },
  { onAbort: 'leave', fate: 'left running' },
] as const)('an abort with $onAbort: the Job is $fate', async ({ onAbort, fate }) => {
  const abort = new AbortController()
  const running = runJob(spec({ script: UNTIL_TERM }), {
    kubeConfig,
    onAbort,
    signal: abort.signal,
    on: {
      progress: ({ ready }) => {
        if (ready === 1) abort.abort(new Error('Ctrl-C'))
      },
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', details: { job: fate }, cause: { message: 'Ctrl-C' } })
})

test('a signal that is aborted already makes no Job', async () => {
  const work = spec({})
  await expect(runJob(work, { kubeConfig, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(waitForJob(work.name, { kubeConfig })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test('while the work runs it is one Job, once finished it is another run; other work of that name is refused', async () => {
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  onTestFinished(() => rm(folder, { recursive: true }))
  const work = spec({ script: `until test -e ${folder}/go; do sleep 0.1; done` })
  const first = await submitJob(work, { kubeConfig })
  expect((await submitJob(work, { kubeConfig })).uid).toBe(first.uid)
  await expect(submitJob({ ...work, args: ['x'] }, { kubeConfig })).rejects.toMatchObject({ code: 'JOB_EXISTS' })
  await writeFile(`${folder}/go`, '')
  await first.wait()
  const second = await runJob(work, { kubeConfig, runId: 'tuesday' })
  expect(second.uid).not.toBe(first.uid)
  expect((await submitJob(work, { kubeConfig, runId: 'tuesday' })).uid).toBe(second.uid)
  await expect(submitJob(work, { kubeConfig, onFinished: 'fail' })).rejects.toMatchObject({ code: 'JOB_EXISTS' })
})

test('a wait outlives an API server that is gone for a while, and misses neither the end nor a line', async () => {
  await using gate = await gateTo(kubeConfig)
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  onTestFinished(() => rm(folder, { recursive: true }))
  let reconnected = 0
  const lines: string[] = []
  const until = (file: string): string => `until test -e ${folder}/${file}; do sleep 0.1; done`
  // Some lines before, some while nobody can read them, and some after that.
  const script = `seq 1 3; ${until('shut')}; seq 4 8; touch ${folder}/printed; ${until('back')}; seq 9 12`
  const result = await runJob(spec({ script }), {
    kubeConfig: gate.kubeConfig,
    on: {
      reconnected: async () => {
        reconnected++
        await writeFile(`${folder}/back`, '')
      },
      podLog: async ({ line }) => {
        lines.push(line)
        if (line !== '3') return
        gate.shut()
        await writeFile(`${folder}/shut`, '')
        await expect.poll(() => existsSync(`${folder}/printed`), { timeout: 30_000 }).toBe(true)
        // By then it has been tried in vain.
        setTimeout(() => gate.open(), 1000)
      },
    },
  })
  expect(result.succeeded).toBe(1)
  expect(reconnected).toBe(1)
  expect(lines).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])
})

test('an API server that stays away ends the wait, and says so', async () => {
  await using gate = await gateTo(kubeConfig)
  const handle = await submitJob(spec({ script: UNTIL_TERM }), { kubeConfig: gate.kubeConfig })
  const waiting = handle.wait({ unreachableMs: 500, on: { progress: ({ ready }) => ready === 1 && gate.shut() } })
  await expect(waiting).rejects.toMatchObject({ code: 'API_UNREACHABLE', retryable: true })
})

test('a listener that throws is a process warning, never the verdict', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
  const result = await runJob(spec({}), {
    kubeConfig,
    on: {
      progress: () => {
        throw new Error('the screen is gone')
      },
    },
  })
  expect(result.succeeded).toBe(1)
  expect((await warned).message).toContain('the screen is gone')
})

test('no items: no Job, done at once', async () => {
  const result = await runJob(spec({ items: 0 }), { kubeConfig })
  expect(result).toMatchObject({ completions: 0, succeeded: 0 })
  expect(result).not.toHaveProperty('uid')
})

test('the number of items can be what the queue holds, and done means that it holds none', async () => {
  const readings = queueThatReads(
    { ready: 2, consumers: 0, verified: true, deadLetters: 5 },
    { ready: 0, consumers: 0, verified: true, deadLetters: 5 },
  )
  const { items, ...work } = spec({})
  const result = await runJob(work, { kubeConfig, queue: readings })
  expect(result).toMatchObject({ completions: 2, succeeded: 2, leftover: 0, deadLettered: 0 })
})

test('the name of the queue can be that of the queue which the run reads', async () => {
  const reads = queueThatReads({ ready: 1, consumers: 0, verified: true }, { ready: 0, consumers: 0, verified: true })
  const queue = { ...reads, name: 'fruits' }
  const printed: string[] = []
  const { queue: _, ...work } = spec({ script: 'echo "$QUEUE"' })
  const podUrl = 'amqp://127.0.0.1:5672'
  const on = { podLog: ({ line }: { line: string }) => printed.push(line) }
  await runJob({ ...work, queue: { podUrl } }, { kubeConfig, queue, on })
  expect(printed).toEqual(['fruits'])
})

test('progress counts the items, also over sweeps, by readings that take no item out', async () => {
  const seen: RunProgress[] = []
  const asked: ReadOptions[] = []
  let jobs = 0
  // The first Job does four of six items, and one dies; the sweep does the last. A worker holds one while pods run.
  const readings = { start: [6, 0], first: [2, 1], between: [1, 1], sweep: [0, 1], end: [0, 1] } as const
  const queue: RunQueue = {
    inspect: async (options) => {
      asked.push(options)
      const { active = 0 } = seen.at(-1) ?? {}
      const way = jobs === 1 ? readings.first : readings.sweep
      const between = jobs === 0 ? readings.start : jobs === 1 ? readings.between : readings.end
      const [ready, deadLetters] = options.mayTake === false ? way : between
      return { ready, deadLetters, consumers: options.mayTake === false ? active : 0, verified: true }
    },
  }
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  const on = {
    progress: (event: RunProgress) => {
      // The pods of the first Job end when their items are told.
      if (event.items?.done === 2) void writeFile(`${folder}/go`, '')
      if (event.succeeded === 0 && event.active === 0) jobs += 1
      seen.push(event)
    },
  }
  const work = spec({ items: 2, itemsPerPod: 'all', script: `until test -e ${folder}/go; do sleep 0.1; done` })
  await runJob(work, { kubeConfig, queue, on, leftover: 'sweep', deadLettered: 'report', preflight: false })
  const items = seen.map((event) => event.items).filter((each) => each !== undefined)
  expect(seen[0]).not.toHaveProperty('items')
  expect(items).toContainEqual({ total: 6, done: 2, left: 3, dead: 1 })
  expect(items.at(-1)).toEqual({ total: 6, done: 5, left: 0, dead: 1 })
  for (const { total, done, left, dead } of items) expect(done + left + dead).toBe(total)
  expect(asked.filter(({ mayTake }) => mayTake !== false)).toHaveLength(3)
  await rm(folder, { recursive: true })
})

test.each([
  { what: 'two names', spec: { name: 'job1' }, queue: { name: 'job2' }, path: 'queue.name' },
  { what: 'no name', spec: {}, queue: {}, path: 'queue.name' },
  { what: 'a name that no queue has', spec: {}, queue: { name: '' }, path: 'queue.name' },
  { what: 'a queue that cannot be read', spec: { name: 'job1' }, queue: { inspect: 1 }, path: 'options.queue' },
])('$what: refused before anything is sent', async ({ spec: named, queue, path }) => {
  const work = { ...spec({}), queue: { ...named, podUrl: 'amqp://127.0.0.1:5672' } }
  const inspect = async (): Promise<never> => expect.fail('it is read')
  const running = runJob(work, { kubeConfig, queue: { inspect, ...queue } as RunQueue })
  await expect(running).rejects.toMatchObject({ code: 'INVALID_OPTIONS', details: { problems: [{ path }] } })
})

test.each<{ what: string; readings: QueueReading[]; code: string }>([
  {
    what: 'items left over',
    readings: [
      { ready: 3, consumers: 0, verified: true },
      { ready: 2, consumers: 0, verified: true },
    ],
    code: 'ITEMS_LEFT',
  },
  {
    what: 'new dead letters',
    readings: [
      { ready: 1, consumers: 0, verified: true, deadLetters: 1 },
      { ready: 0, consumers: 0, verified: true, deadLetters: 2 },
    ],
    code: 'DEAD_LETTERED',
  },
  {
    what: 'a queue without a leader',
    readings: [
      { ready: 1, consumers: 0, verified: true },
      { ready: 0, consumers: 0, verified: false },
    ],
    code: 'QUEUE_UNVERIFIED',
  },
  {
    what: 'a consumer that holds on',
    readings: [
      { ready: 1, consumers: 0, verified: true },
      { ready: 0, consumers: 1, verified: true },
    ],
    code: 'QUEUE_UNVERIFIED',
  },
])('$what: the Job is complete, the run is not ($code)', async ({ readings, code }) => {
  const options = { kubeConfig, queue: queueThatReads(...readings), countTimeoutMs: 200 }
  const error = await runJob(spec({}), options).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(RunIncompleteError)
  expect(error).toMatchObject({ code, retryable: code === 'QUEUE_UNVERIFIED', result: { succeeded: 1 } })
})

test('a run whose queue could not be counted at its end counts it again when it is called again with its run id', async () => {
  const work = spec({})
  const away: QueueReading = { ready: 0, consumers: 0, verified: false }
  const before: QueueReading = { ready: 1, consumers: 0, verified: true }
  const call = (...readings: QueueReading[]) =>
    runJob(work, { kubeConfig, runId: 'sunday', queue: queueThatReads(...readings), countTimeoutMs: 200 })
  const error = await call(before, away).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'QUEUE_UNVERIFIED', retryable: true })
  const { uid } = (error as RunIncompleteError).result
  expect(await call({ ...before, ready: 0 })).toMatchObject({ uid, succeeded: 1, leftover: 0 })
})

test('a queue that cannot be read for a lasting reason ends a run before it begins, with the reason and without a wait', async () => {
  const network = lossy(kubeConfig, () => false)
  const cause = Object.assign(new Error('There is no queue job1.'), { retryable: false })
  let looks = 0
  const inspect = async (): Promise<never> => {
    looks += 1
    throw cause
  }
  const error = await runJob(spec({}), { kubeConfig: network.kubeConfig, queue: { inspect } }).catch(
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({ code: 'QUEUE_UNVERIFIED', retryable: false, cause })
  expect((error as Error).message).toMatch(/reading it fails: There is no queue job1\.$/)
  expect({ looks, requests: network.requests }).toEqual({ looks: 1, requests: [] })
})

test('everything that is wrong with a run, its Job and its options, is said at once, and nothing is sent', async () => {
  const network = lossy(kubeConfig, () => false)
  const wrong = {
    namespace: 'Team A',
    runId: 'Run 1',
    onFinished: 'keep',
    onAbort: 'stop',
    startGraceMs: -1,
    scheduleGraceMs: 1.5,
    unreachableMs: Number.POSITIVE_INFINITY,
    silenceMs: 0,
    crashLoop: 'retry',
    forceDeleteLost: 'yes',
    on: { progress: 'a text' },
    leftover: 'sweep',
    deadLettered: 'drop',
    countTimeoutMs: '60 s',
    preflight: 1,
  } as unknown as RunJobOptions
  const work = { ...spec({ name: 'n'.repeat(50), parallelism: 0 }), items: -1, image: '' }
  const error = await runJob(work, { ...wrong, kubeConfig: network.kubeConfig }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({
    code: 'INVALID_OPTIONS',
    retryable: false,
    hint: expect.stringContaining('Nothing was sent'),
  })
  const { problems } = (error as K8sError).details as { problems: { path: string }[] }
  expect(problems.map(({ path }) => path).toSorted()).toEqual(
    [
      ...Object.keys(wrong).filter((name) => name !== 'on'),
      'on.progress',
      'name',
      'parallelism',
      'items',
      'image',
    ].toSorted(),
  )
  for (const { path } of problems) expect((error as K8sError).message).toContain(path)
  expect(network.requests).toEqual([])
})

test('a queue that is empty while its pods go on without an end is reported as drained, once', async () => {
  const stuck: StuckEvent[] = []
  const enough = new AbortController()
  let looks = 0
  const running = runJob(spec({ items: 2, parallelism: 2, script: UNTIL_TERM }), {
    kubeConfig,
    startGraceMs: 500,
    queue: {
      inspect: async ({ mayTake }) => {
        // How many readings there are for the progress depends on how long the pods take to start.
        if (mayTake === false) return { ready: 1, consumers: 2, verified: true }
        // Before the run; a look that fails; one at a queue that still has an item; from then on nothing is left.
        looks++
        if (looks === 2) throw new Error('the broker is away for a moment')
        if (looks === 6) enough.abort()
        return { ready: looks < 4 ? 1 : 0, consumers: 2, verified: true }
      },
    },
    signal: enough.signal,
    on: { stuck: (event) => stuck.push(event) },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'deleted' } })
  // Pods that take longer than the grace to start are told too, as not moving.
  expect(stuck.filter(({ reason }) => reason !== 'NotMoving')).toEqual([
    { reason: 'Drained', message: expect.stringMatching(/queue is empty, 2 consumers are attached/) },
  ])
})

test('a queue whose reading cannot be believed is not reported as drained', async () => {
  const stuck: StuckEvent[] = []
  const enough = new AbortController()
  let looks = 0
  const running = runJob(spec({ script: UNTIL_TERM }), {
    kubeConfig,
    startGraceMs: 500,
    queue: {
      inspect: async ({ mayTake }) => {
        // A reading for the progress: what is asked here is what the looks at pods that go on are told.
        if (mayTake === false) return { ready: 1, consumers: 0, verified: true }
        if (++looks === 4) enough.abort()
        return { ready: looks === 1 ? 1 : 0, consumers: 0, verified: looks === 1 }
      },
    },
    signal: enough.signal,
    on: { stuck: (event) => stuck.push(event) },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  expect(stuck.filter(({ reason }) => reason !== 'NotMoving')).toEqual([])
})

test("a loopback address is refused, unless the pods are this machine's processes", async () => {
  const work = spec({}) // its address is one
  // An API server on loopback that is not the local cluster: kind and minikube are there too.
  const other = (dispatcher: Dispatcher): Dispatcher =>
    new Proxy(dispatcher, {
      get: (target, name) => {
        if (name !== 'request') return Reflect.get(target, name)
        return async (options: Dispatcher.RequestOptions) => {
          const answer = await target.request(options)
          if (options.path !== '/version') return answer
          await answer.body.dump()
          return { ...answer, body: Readable.from([Buffer.from('{"gitVersion":"v1.34.4"}')]) }
        }
      },
    })
  const kind: KubeConfigLike = {
    getCurrentContext: () => kubeConfig.getCurrentContext(),
    getContextObject: (name) => kubeConfig.getContextObject(name),
    getCurrentCluster: () => kubeConfig.getCurrentCluster(),
    applySecurityAuthentication: (context) =>
      (kubeConfig as KubeConfigLike).applySecurityAuthentication({
        setHeaderParam: (name, value) => context.setHeaderParam(name, value),
        setDispatcher: (dispatcher) => context.setDispatcher(other(dispatcher as Dispatcher)),
      }),
  }
  const far: KubeConfigLike = { ...kind, getCurrentCluster: () => ({ server: 'https://kubernetes.invalid:6443' }) }
  for (const config of [kind, far]) {
    await expect(submitJob(work, { kubeConfig: config })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/queue.podUrl.*the pod itself/),
    })
  }
  await expect(runJob(work, { kubeConfig: kind })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringMatching(/queue.podUrl.*the pod itself/),
  })
  await expect(waitForJob(work.name, { kubeConfig })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
  await expect(runJob(work, { kubeConfig })).resolves.toMatchObject({ succeeded: 1 })
})

test('what is left can be only a number, also while others consume from the queue', async () => {
  const queue = queueThatReads(
    { ready: 4, consumers: 1, verified: true, deadLetters: 0 },
    { ready: 3, consumers: 1, verified: true, deadLetters: 2 },
  )
  const options = { kubeConfig, queue, leftover: 'ignore', deadLettered: 'report' } as const
  await expect(runJob(spec({}), options)).resolves.toMatchObject({ succeeded: 1, leftover: 3, deadLettered: 2 })
})

test('a wait for a Job of another process tells what its pods print', async () => {
  const { name } = await submitJob(spec({ script: 'echo one; sleep 0.3; echo two' }), { kubeConfig })
  const lines: string[] = []
  await waitForJob(name, { kubeConfig, on: { podLog: ({ line }) => lines.push(line) } })
  expect(lines).toEqual(['one', 'two'])
})

/** One reading after the other; the last stays. A look on the way sees the last one again. */
function queueThatReads(...readings: QueueReading[]): RunQueue {
  let next = 0
  return {
    inspect: async ({ mayTake }) => {
      const at = mayTake === false ? Math.max(0, next - 1) : next++
      return readings[Math.min(at, readings.length - 1)] as QueueReading
    },
  }
}

test('answers that are lost while a Job is made: one Job, one Secret, started', async () => {
  const heard = new Set<string>()
  const network = lossy(kubeConfig, ({ method, path }) => {
    const lost = method !== 'GET' && !heard.has(method + path)
    heard.add(method + path)
    return lost
  })
  const work = spec({ items: 2 })
  const result = await runJob(work, { kubeConfig: network.kubeConfig, preflight: false })
  expect(result).toMatchObject({ name: work.name, succeeded: 2 })
  const sent = network.requests.filter((line) => !line.startsWith('GET')).map((line) => line.replace(/\/.*\//, ''))
  expect(sent).toEqual([
    'POST jobs?dryRun=All&fieldValidation=Warn',
    'POST jobs?dryRun=All&fieldValidation=Warn',
    'POST jobs',
    'POST jobs',
    'POST secrets',
    'POST secrets',
    `PATCH ${work.name}`,
    `PATCH ${work.name}`,
  ])
  const { items } = await kubeConfig.makeApiClient(BatchV1Api).listNamespacedJob({ namespace: 'default' })
  expect(items.filter(({ metadata }) => metadata?.name === work.name)).toHaveLength(1)
})

test('the requests of a run do not grow with its items', async () => {
  const requestsFor = async (items: number): Promise<string[]> => {
    const network = lossy(kubeConfig, () => false)
    await runJob(spec({ items, parallelism: 8 }), { kubeConfig: network.kubeConfig })
    // Lists of pods and events come with time: at most one of each kind in 30 s.
    return network.requests
      .filter((line) => !/\/(pods|events)\?/.test(line))
      .map((line) => line.replace(/[^ ]*\/|\?.*/g, '').replace(/work-\d+/, 'JOB'))
  }
  expect(await requestsFor(32)).toEqual(await requestsFor(2))
})

test('pods that do not start are looked at less and less often, not with each tick of the wait', async () => {
  const network = lossy(kubeConfig, () => false)
  const queue = { name: 'q', urlFrom: { secret: 'never-made', key: 'url' } }
  const enough = new AbortController()
  const handle = await submitJob(spec({ queue }), { kubeConfig: network.kubeConfig })
  const stop = setTimeout(() => enough.abort(), 12_000)
  try {
    await expect(handle.wait({ signal: enough.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  } finally {
    clearTimeout(stop)
    await handle.delete()
  }
  // The first after 3 s, then after 2 s and 4 s more.
  const looks = network.requests.filter((line) => line.includes('status.phase%21%3DSucceeded'))
  expect(looks.length).toBeGreaterThanOrEqual(1)
  expect(looks.length).toBeLessThanOrEqual(3)
})
