import type { V1Pod } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobFailedError, type JobSpec, runJob, type StuckEvent, submitJob } from '../src/index.ts'
import { findSimulatedNodes, SIMULATED } from './lab.ts'
import { lossy } from './lossy.ts'
import { createNamespace, type TestNamespace } from './namespace.ts'
import { shellJob } from './shell-job.ts'

const nodes = findSimulatedNodes()

/** A Job on simulated nodes. `plan` says how its pods end. */
function simulated(namespace: TestNamespace, plan: string, changes: Partial<JobSpec>): JobSpec {
  return shellJob({ namespace: namespace.name, ...SIMULATED, labels: { 'kwok-plan': plan }, ...changes })
}

describe.runIf(nodes !== undefined)('with hundreds of pods at once', { timeout: 600_000 }, () => {
  beforeAll(() => nodes?.up())
  afterAll(() => nodes?.down())

  test.concurrent('a hundred other failures hide no misconfigured worker, though their names come first', async () => {
    await using namespace = await createNamespace()
    // Indexes 100 to 199 fail once with 1; those from 300 on always with 78.
    const work = simulated(namespace, 'misconf2', { items: 600, parallelism: 100 })
    await expect(runJob(work)).rejects.toMatchObject({
      code: 'WORKER_MISCONFIGURED',
      job: { reason: 'Exit78', fate: 'deleted' },
    })
  })

  test.concurrent('two kinds of failure by turns, forty pods at once and no success, are a crash loop', async () => {
    await using namespace = await createNamespace()
    const work = simulated(namespace, 'mix', { items: 160, parallelism: 40 })
    await expect(runJob(work)).rejects.toMatchObject({
      code: 'CRASH_LOOP',
      message: expect.stringMatching(/no pod has succeeded, and (4[1-9]|[5-9]\d|1\d\d) failed alike/),
    })
  })

  test.concurrent('1,000 items, of which every tenth fails once: complete, in as many requests as 200 items', async () => {
    await using namespace = await createNamespace()
    const run = async (name: string, items: number) => {
      const network = lossy(namespace.kubeConfig, () => false)
      const work = simulated(namespace, 'tenth', { name, items, parallelism: 200 })
      const result = await runJob(work, { kubeConfig: network.kubeConfig })
      const looks = network.requests.filter((line) => /\/(pods|events)\?/.test(line)).length
      return { result, others: network.requests.length - looks, looks }
    }
    const few = await run('few', 200)
    const many = await run('many', 1000)
    expect(few.result).toMatchObject({ succeeded: 200, failed: 20 })
    expect(many.result).toMatchObject({ succeeded: 1000, failed: 100 })
    // A turn of the watch ends after four to six minutes.
    expect(many.others - few.others).toBeLessThanOrEqual(2)
    process.stderr.write(
      `requests: 200 items ${few.others} and ${few.looks} looks; 1,000 items ${many.others} and ${many.looks} looks, in ${many.result.durationMs / 1000} s\n`,
    )
    // Failed pods, unfinished pods and events: of each a look in 30 s, and a few more in the first half minute.
    expect(many.looks).toBeLessThanOrEqual(3 * (6 + many.result.durationMs / 30_000))
  })

  test('thirty pods that are lost past the 500th name: all are named, and all are deleted by force after one grace', async () => {
    await using namespace = await createNamespace()
    const work = simulated(namespace, 'ok', {
      items: 600,
      parallelism: 100,
      annotations: { 'kwok-lab/delay': '4s', 'kwok-lab/jitter': '5s' },
      template: (job) => {
        if (job.spec?.template.spec !== undefined) job.spec.template.spec.terminationGracePeriodSeconds = 1
        return job
      },
    })
    const handle = await submitJob(work)
    await losePods(namespace, 30)
    const error = await handle.wait({ startGraceMs: 3000 }).catch((caught: unknown) => caught)
    // Some may have ended in the moment in which they were to be lost.
    const lost = await lostPods(namespace)
    expect(lost).toBeGreaterThan(21)
    expect(error).toMatchObject({
      code: 'NODE_LOST',
      message: expect.stringMatching(new RegExp(` and ${lost - 20} more$`, 'm')),
      job: { fate: 'left running' },
    })
    expect((error as JobFailedError).job.pods).toHaveLength(20)
    const stuck: StuckEvent[] = []
    const result = await handle.wait({
      startGraceMs: 3000,
      forceDeleteLost: true,
      on: { stuck: (event) => stuck.push(event) },
    })
    expect(result).toMatchObject({ succeeded: 600 })
    expect(stuck).toMatchObject([{ reason: 'NodeLost', message: expect.stringContaining(`${lost - 1} others`) }])
  })
})

/** Loses running pods whose names come late: their deletion is never finished. */
async function losePods({ name: namespace, core }: TestNamespace, wanted: number): Promise<void> {
  const lost = new Set<string>()
  const isLate = ({ metadata, status }: V1Pod): boolean =>
    status?.phase === 'Running' &&
    metadata?.deletionTimestamp === undefined &&
    /^work-(5[5-9]|[6-9])/.test(metadata?.name ?? '')
  while (lost.size < wanted) {
    const { items } = await core.listNamespacedPod({ namespace, fieldSelector: 'status.phase=Running' })
    for (const pod of items.filter(isLate)) {
      const name = pod.metadata?.name ?? ''
      if (lost.size === wanted || lost.has(name)) continue
      const body = [
        { op: 'add', path: '/metadata/labels/kwok-lost', value: 'true' },
        { op: 'add', path: '/metadata/annotations/kwok-lab~1delay', value: '1h' },
        { op: 'add', path: '/metadata/annotations/kwok-lab~1jitter', value: '1h' },
      ]
      const kept = await core.patchNamespacedPod({ name, namespace, body })
      if (kept.status?.phase !== 'Running') continue
      await core.deleteNamespacedPod({ name, namespace })
      lost.add(name)
    }
  }
}

/** How many pods are lost: told to end, and still running. */
async function lostPods({ name: namespace, core }: TestNamespace): Promise<number> {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'kwok-lost=true' })
  return items.filter(({ metadata, status }) => metadata?.deletionTimestamp && status?.phase === 'Running').length
}
