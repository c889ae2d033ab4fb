import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { inspect } from 'node:util'
import { BatchV1Api, CoreV1Api, type V1Pod } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type JobSpec,
  type K8sError,
  type QueueReading,
  RunIncompleteError,
  type RunJobOptions,
  runJob,
  submitJob,
  type Timeline,
  waitForJob,
} from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'
import { lossy } from './lossy.ts'

let cluster: LocalCluster
let folder: string

beforeAll(async () => {
  cluster = await startLocalCluster({ backoffScale: 0.01 })
  folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
})
afterAll(async () => {
  await cluster.close()
  await rm(folder, { recursive: true })
})

/** Work whose pods run a shell script. */
function work(name: string, script: string, changes: Partial<JobSpec> = {}): JobSpec {
  const queue = { name: 'job1', podUrl: 'amqp://127.0.0.1:5672' }
  return { name, image: 'any', command: ['sh', '-c', script], items: 1, queue, ...changes }
}

const podsOf = async (name: string): Promise<V1Pod[]> => {
  const core = cluster.kubeConfig.makeApiClient(CoreV1Api)
  const { items } = await core.listNamespacedPod({
    namespace: 'default',
    labelSelector: `batch.kubernetes.io/job-name=${name}`,
  })
  return items
}

/** Makes the first attempt of each index end with exit 3. */
const failsOnce = (name: string): string =>
  `test -e ${folder}/${name}.$JOB_COMPLETION_INDEX || { touch ${folder}/${name}.$JOB_COMPLETION_INDEX; echo no luck > /dev/termination-log; exit 3; }`

const errorOf = (run: Promise<unknown>): Promise<K8sError> =>
  run.then(
    () => expect.unreachable(),
    (error: K8sError) => error,
  )

const iso = (date: Date | string | undefined): string | undefined =>
  date === undefined ? undefined : new Date(date).toISOString().replace('.000Z', 'Z')

test('a timeline has every pod, with the times and ends that the API server has', async () => {
  const { timeline } = await runJob(work('times', failsOnce('times'), { items: 3, parallelism: 2 }), {
    kubeConfig: cluster.kubeConfig,
    timeline: true,
  })
  const there = await podsOf('times')
  expect(there).toHaveLength(6)
  const expected = there.map(({ metadata, spec, status }) => {
    const end = status?.containerStatuses?.[0]?.state?.terminated
    return {
      name: metadata?.name,
      node: spec?.nodeName,
      index: Number(metadata?.annotations?.['batch.kubernetes.io/job-completion-index']),
      createdAt: iso(metadata?.creationTimestamp),
      scheduledAt: iso(status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime),
      startedAt: iso(end?.startedAt),
      finishedAt: iso(end?.finishedAt),
      outcome: status?.phase === 'Succeeded' ? 'succeeded' : 'failed',
      attempt: status?.phase === 'Succeeded' ? 2 : 1,
      ...(end?.exitCode === 0 ? {} : { exitCode: 3, reason: 'Error', message: 'no luck' }),
    }
  })
  expect(timeline?.pods).toHaveLength(6)
  for (const pod of expected) expect(timeline?.pods).toContainEqual({ ...pod, sweep: 0 })
  expect(timeline?.jobs).toMatchObject([
    { name: 'times', outcome: 'complete', completions: 3, parallelism: 2, succeeded: 3, failed: 3, podsMissing: 0 },
  ])
  expect(timeline).not.toHaveProperty('sampledFrom')
})

test('without the option there is no timeline, and no pod is read', async () => {
  const network = lossy(cluster.kubeConfig, () => false)
  const result = await runJob(work('plain', 'true'), { kubeConfig: network.kubeConfig })
  expect(result).not.toHaveProperty('timeline')
  // Pods that take seconds to start are looked at, by their phase.
  expect(network.requests.filter((line) => /\/pods(?!.*status\.phase)/.test(line))).toEqual([])
})

test('the error of a Job that failed carries the timeline, and is printed without it', async () => {
  const error = await errorOf(
    runJob(
      work('fails', 'exit 7', {
        template: (job) => ({ ...job, spec: { ...job.spec, backoffLimitPerIndex: 0 } as never }),
      }),
      {
        kubeConfig: cluster.kubeConfig,
        timeline: true,
      },
    ),
  )
  expect(error).toMatchObject({ code: 'JOB_FAILED' })
  expect(error.timeline).toMatchObject({
    jobs: [{ outcome: 'failed', reason: 'FailedIndexes', failed: 1 }],
    pods: [{ outcome: 'failed', exitCode: 7 }],
    endedBy: { code: 'JOB_FAILED', message: expect.stringContaining('FailedIndexes') },
  })
  expect(inspect(error, { depth: 10 }) + JSON.stringify(error)).not.toContain('createdAt')
})

test('an abort that deletes the Job: its error shows the pods as they ran', async () => {
  const abort = new AbortController()
  const error = await errorOf(
    runJob(work('aborted', 'sleep 600', { items: 2, parallelism: 2 }), {
      kubeConfig: cluster.kubeConfig,
      timeline: true,
      signal: abort.signal,
      on: { progress: ({ ready }) => ready === 2 && abort.abort() },
    }),
  )
  expect(error).toMatchObject({ code: 'ABORTED', details: { job: 'deleted' } })
  expect(error.timeline).toMatchObject({
    jobs: [{ outcome: 'unfinished' }],
    endedBy: { code: 'ABORTED' },
    pods: [{ outcome: 'running' }, { outcome: 'running' }],
  })
})

test('a pod that was deleted on the way is shown as deleted', async () => {
  const running = runJob(
    work(
      'deleted',
      `trap "sleep 2; exit 1" TERM; test -e ${folder}/deleted || { sleep 600 & touch ${folder}/deleted; wait; }`,
    ),
    {
      kubeConfig: cluster.kubeConfig,
      timeline: true,
    },
  )
  // Not when it is Running: its shell may only be about to look.
  await expect.poll(() => existsSync(`${folder}/deleted`), { timeout: 20_000 }).toBe(true)
  const name = (await podsOf('deleted'))[0]?.metadata?.name ?? ''
  await cluster.kubeConfig.makeApiClient(CoreV1Api).deleteNamespacedPod({ namespace: 'default', name })
  const { timeline } = await running
  expect(timeline?.pods).toHaveLength(2)
  const deleted = timeline?.pods.find((pod) => pod.name === name)
  expect(deleted).toMatchObject({ outcome: 'deleted', deletedAt: expect.stringMatching(/Z$/) })
  expect(timeline?.pods.find((pod) => pod !== deleted)).toMatchObject({ outcome: 'succeeded' })
  expect(timeline?.jobs[0]?.podsMissing).toBe(0)
})

test('failed pods that were gone before anybody looked are counted', async () => {
  const core = cluster.kubeConfig.makeApiClient(CoreV1Api)
  const spec = work('gone', `${failsOnce('gone')}; until test -e ${folder}/gone; do sleep 0.1; done`)
  const handle = await submitJob(spec, { kubeConfig: cluster.kubeConfig })
  const failedPod = async () => (await podsOf('gone')).find(({ status }) => status?.phase === 'Failed')?.metadata?.name
  await expect.poll(failedPod, { timeout: 20_000 }).toBeTruthy()
  await expect.poll(async () => (await podsOf('gone')).length, { timeout: 20_000 }).toBe(2)
  await core.deleteNamespacedPod({ namespace: 'default', name: (await failedPod()) ?? '' })
  await writeFile(`${folder}/gone`, '')
  const { timeline } = await handle.wait({ timeline: true })
  expect(timeline?.jobs).toMatchObject([{ succeeded: 1, failed: 1, podsMissing: 1 }])
  expect(timeline?.pods).toMatchObject([{ outcome: 'succeeded', attempt: 2 }])
})

/** A queue in which a number of items is ready, the next of these numbers after each Job of that name that completes. */
const reads = (ready: Readonly<Record<string, number>>): RunJobOptions['queue'] => ({
  inspect: async (): Promise<QueueReading> => {
    const { items } = await cluster.kubeConfig.makeApiClient(BatchV1Api).listNamespacedJob({ namespace: 'default' })
    const complete = items
      .filter(({ status }) => status?.completionTime !== undefined)
      .map(({ metadata }) => metadata?.name)
    const [, left] = Object.entries(ready).findLast(([name]) => name === '' || complete.includes(name)) ?? []
    return { consumers: 0, verified: true, ready: left ?? 0 }
  },
})

/** The facts of a timeline that do not depend on who watched. */
const lasting = ({ jobs, pods }: Timeline) => ({
  jobs: jobs.map(({ name, sweep, uid }) => ({ name, sweep, uid })),
  pods,
})

test('sweeps are in the timeline of the run, also of one that is started again with its runId', async () => {
  const options = { kubeConfig: cluster.kubeConfig, runId: 'friday', leftover: 'sweep', timeline: true } as const
  const spec = work('swept', 'true', { items: 2 })
  const first = await runJob(spec, { ...options, queue: reads({ '': 2, swept: 1, 'swept-sweep-1': 0 }) })
  expect(first.timeline?.jobs).toMatchObject([
    { name: 'swept', sweep: 0, completions: 2 },
    { name: 'swept-sweep-1', sweep: 1, completions: 1 },
  ])
  expect(first.timeline?.pods.map(({ sweep }) => sweep)).toEqual([0, 0, 1])
  expect([...new Set(first.timeline?.items.map(({ ready }) => ready))]).toEqual([2, 1, 0])
  expect(first.timeline?.itemsAtStart).toBe(2)
  expect(first.sweeps?.[0]).not.toHaveProperty('timeline')
  const again = await runJob(spec, { ...options, queue: reads({ '': 0 }) })
  expect(lasting(again.timeline as Timeline)).toEqual(lasting(first.timeline as Timeline))
  expect(again.timeline?.itemsAtStart).toBe(2)
})

test('a run whose items are left: the timeline is in the result of its error, and not in its details', async () => {
  const error = await errorOf(
    runJob(work('left', 'true'), { kubeConfig: cluster.kubeConfig, timeline: true, queue: reads({ '': 1 }) }),
  )
  expect(error).toBeInstanceOf(RunIncompleteError)
  expect(error.timeline?.pods).toMatchObject([{ outcome: 'succeeded' }])
  expect(error.timeline?.endedBy).toMatchObject({ code: 'ITEMS_LEFT' })
  expect((error as RunIncompleteError).result.timeline).toBe(error.timeline)
  expect(error.details).not.toHaveProperty('timeline')
})

test('pods that may not be read change nothing but the timeline, which says why', async () => {
  await using guarded = await startLocalCluster({
    faults: [{ match: { verb: 'list', resource: 'pods' }, times: 1000, do: { status: 403 } }],
  })
  const result = await runJob(work('unread', 'true'), {
    kubeConfig: guarded.kubeConfig,
    timeline: true,
    preflight: false,
  })
  expect(result).toMatchObject({ succeeded: 1, timeline: { pods: [], unreadable: expect.stringContaining('pods') } })
})

test('waitForJob gives the timeline of a Job that has ended', async () => {
  const { kubeConfig } = cluster
  const handle = await submitJob(work('later', 'true'), { kubeConfig })
  await handle.wait()
  const { timeline } = await waitForJob('later', { kubeConfig, timeline: true })
  expect(timeline?.pods).toMatchObject([{ outcome: 'succeeded', index: 0, attempt: 1 }])
})
