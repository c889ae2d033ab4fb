import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { BatchV1Api } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type JobSpec,
  type QueueReading,
  type RunJobOptions,
  type RunProgress,
  type RunQueue,
  type RunSpec,
  runJob,
  submitJob,
} from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'

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

/** Work whose pods wait until the file `go` exists. */
function work(name: string, script = `until test -e ${folder}/${name}.go; do sleep 0.1; done`): Omit<JobSpec, 'items'> {
  const queue = { name: 'job1', podUrl: 'amqp://127.0.0.1:5672' }
  return { name, image: 'any', command: ['sh', '-c', script], queue }
}

const letGo = (name: string): Promise<void> => writeFile(`${folder}/${name}.go`, '')

/** Begins a run, and stops it, as a service that ends, once a pod is ready and `when` holds. Its Job goes on. */
async function runAndStop(spec: RunSpec, options: RunJobOptions, when: () => boolean = () => true): Promise<void> {
  const abort = new AbortController()
  const running = runJob(spec, {
    ...options,
    onAbort: 'leave',
    signal: abort.signal,
    on: {
      progress: ({ ready }) => {
        if (ready === 1 && when()) abort.abort()
      },
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
}

/** One reading after the other; the last stays. A look on the way sees the last one again. */
const reads = (...readings: QueueReading[]): RunQueue => {
  let next = 0
  return {
    inspect: async ({ mayTake }) => {
      const at = mayTake === false ? Math.max(0, next - 1) : next++
      return readings[Math.min(at, readings.length - 1)] as QueueReading
    },
  }
}
const verified = { consumers: 0, verified: true }

test('a run that is restarted counts the dead letters from its first start, though its queue is empty by now', async () => {
  const spec = work('dead')
  const options = { kubeConfig: cluster.kubeConfig, runId: 'friday' }
  await runAndStop(spec, { ...options, queue: reads({ ...verified, ready: 1, deadLetters: 5 }) })
  await letGo('dead')
  const lying = ['old-1', 'old-2', 'old-3', 'old-4', 'old-5', 'new-1', 'new-2'].map((id) => ({
    id,
    reason: 'No fruit.',
  }))
  const queue: RunQueue = {
    ...reads({ ...verified, ready: 0, deadLetters: 7 }),
    listDeadLetters: async ({ skip, limit }) => lying.slice(skip, skip + limit),
  }
  await expect(runJob(spec, { ...options, queue })).rejects.toMatchObject({
    code: 'DEAD_LETTERED',
    message: expect.stringMatching(
      /went to the dead letters:\n {2}item new-1: No fruit\.\n {2}item new-2: No fruit\.$/,
    ),
    details: { deadItems: [{ id: 'new-1' }, { id: 'new-2' }] },
    result: { succeeded: 1, deadLettered: 2, leftover: 0, runId: 'friday' },
  })
})

test('a run that is restarted counts its items from its first start', async () => {
  const spec = work('again')
  const options = { kubeConfig: cluster.kubeConfig, runId: 'friday' }
  await runAndStop(spec, { ...options, queue: reads({ ...verified, ready: 8, deadLetters: 5 }) })
  await letGo('again')
  const seen: RunProgress[] = []
  const queue = reads({ ...verified, ready: 0, deadLetters: 6 })
  const on = { progress: (event: RunProgress) => seen.push(event) }
  await runJob(spec, { ...options, queue, on, deadLettered: 'report' })
  expect(seen.at(-1)?.items).toEqual({ total: 8, done: 7, left: 0, dead: 1 })
})

test('another run of the same work begins with the dead letters that are there', async () => {
  await letGo('fresh')
  const queue = reads({ ...verified, ready: 1, deadLetters: 7 }, { ...verified, ready: 0, deadLetters: 7 })
  for (const runId of ['monday', 'tuesday']) {
    const result = await runJob({ ...work('fresh'), items: 1 }, { kubeConfig: cluster.kubeConfig, runId, queue })
    expect(result).toMatchObject({ runId, deadLettered: 0 })
  }
})

test('a run that is restarted in the middle of a sweep goes on with that sweep, and judges all of them', async () => {
  // The pod of the first Job ends at once, those of the sweeps wait.
  const spec = work(
    'swept',
    `echo x >> ${folder}/starts; test $(wc -l < ${folder}/starts) = 1 || until test -e ${folder}/swept.go; do sleep 0.1; done`,
  )
  const options = { kubeConfig: cluster.kubeConfig, runId: 'friday', leftover: 'sweep' } as const
  let looks = 0
  const queue: RunQueue = {
    inspect: async ({ mayTake }) => ({ ...verified, ready: [1, 2][mayTake === false ? looks - 1 : looks++] ?? 0 }),
  }
  await runAndStop(spec, { ...options, queue }, () => looks === 2)
  const at = { namespace: 'default', name: 'swept-sweep-1' }
  const begun = await cluster.kubeConfig.makeApiClient(BatchV1Api).readNamespacedJob(at)
  await letGo('swept')
  const result = await runJob(spec, {
    ...options,
    queue: reads({ ...verified, ready: 1 }, { ...verified, ready: 1 }, { ...verified, ready: 0 }),
  })
  expect(result).toMatchObject({
    succeeded: 1,
    leftover: 0,
    sweeps: [
      { name: 'swept-sweep-1', uid: begun.metadata?.uid, succeeded: 2 },
      { name: 'swept-sweep-2', succeeded: 1 },
    ],
  })
})

test('a run does not delete the Job of another call that it shares, whatever onAbort says', async () => {
  const spec = { ...work('shared'), items: 1 }
  const { kubeConfig } = cluster
  const first = runJob(spec, { kubeConfig, preflight: false })
  const abort = new AbortController()
  const batch = kubeConfig.makeApiClient(BatchV1Api)
  const at = { namespace: 'default', name: 'shared' }
  await expect
    .poll(async () => (await batch.readNamespacedJob(at).catch(() => undefined))?.status?.ready, { timeout: 30_000 })
    .toBe(1)
  const second = runJob(spec, {
    kubeConfig,
    preflight: false,
    onAbort: 'delete',
    signal: abort.signal,
    on: { progress: () => abort.abort() },
  })
  await expect(second).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'left running' } })
  await letGo('shared')
  await expect(first).resolves.toMatchObject({ succeeded: 1 })
})

test('a run with its own id deletes its Job also when an earlier call made it', async () => {
  const spec = { ...work('own'), items: 1 }
  const options = { kubeConfig: cluster.kubeConfig, runId: 'friday' }
  await runAndStop(spec, options)
  const abort = new AbortController()
  const again = runJob(spec, { ...options, signal: abort.signal, on: { progress: () => abort.abort() } })
  await expect(again).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'deleted' } })
})

test('a handle deletes its own Job only, not a later one of its name', async () => {
  const { kubeConfig } = cluster
  const spec = { ...work('twice'), items: 1 }
  const first = await submitJob(spec, { kubeConfig })
  await first.delete()
  const second = await submitJob(spec, { kubeConfig })
  await first.delete()
  const batch = kubeConfig.makeApiClient(BatchV1Api)
  const job = await batch.readNamespacedJob({ namespace: 'default', name: 'twice' })
  expect(job.metadata).toMatchObject({ uid: second.uid })
  expect(job.metadata?.deletionTimestamp).toBeUndefined()
  await second.delete()
})
