import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CustomObjectsApi, setHeaderOptions, type V1Job } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JobSpec, preflight, runJob, submitJob } from '../src/index.ts'
import { createNamespace, type TestNamespace } from './namespace.ts'
import { HELD, letGo, shellJob } from './shell-job.ts'

const run = promisify(execFile)

/** The program that starts and ends Kueue on the cluster; undefined where there is none, said once on stderr. */
function findKueue(): string | undefined {
  const program = join(process.env.CLUSTER_LAB ?? '', 'kueue')
  if (process.env.CLUSTER_LAB && existsSync(program)) return program
  process.stderr.write('cluster: skipped: tests with Kueue, since CLUSTER_LAB has no program kueue\n')
  return undefined
}

const kueue = findKueue()
const API = { group: 'kueue.x-k8s.io', version: 'v1beta2' }

/** The conditions of a workload, by which Kueue says how far it is. */
interface Workload {
  readonly metadata: { readonly ownerReferences?: readonly { readonly uid: string }[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

/** A namespace with a queue of its own, whose quota is a number of CPUs. */
interface Queue extends AsyncDisposable {
  readonly namespace: TestNamespace
  readonly labels: Record<string, string>
  readonly urlFrom: { readonly secret: string; readonly key: string }
  setQuota(cpus: string): Promise<void>
  /** Resolves when Kueue has given the Job's workload that condition. */
  workload(jobUid: string, condition: string, status: 'True' | 'False'): Promise<void>
  /** Resolves with the Job when it is as wanted. */
  job(name: string, isWanted: (job: V1Job) => boolean): Promise<V1Job>
  pods(): Promise<string[]>
}

async function createQueue(cpus: string): Promise<Queue> {
  const namespace = await createNamespace()
  const { name } = namespace
  const objects = namespace.kubeConfig.makeApiClient(CustomObjectsApi)
  const make = (plural: string, kind: string, spec: object): Promise<unknown> =>
    objects.createClusterCustomObject({
      ...API,
      plural,
      body: { apiVersion: `${API.group}/${API.version}`, kind, metadata: { name }, spec },
    })
  const groups = (quota: string) => [
    {
      coveredResources: ['cpu'],
      flavors: [{ name, resources: [{ name: 'cpu', nominalQuota: quota }] }],
    },
  ]
  await make('resourceflavors', 'ResourceFlavor', {})
  await make('clusterqueues', 'ClusterQueue', {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    preemption: { withinClusterQueue: 'LowerPriority' },
    resourceGroups: groups(cpus),
  })
  await objects.createNamespacedCustomObject({
    ...API,
    namespace: name,
    plural: 'localqueues',
    body: {
      apiVersion: `${API.group}/${API.version}`,
      kind: 'LocalQueue',
      metadata: { name: 'queue' },
      spec: { clusterQueue: name },
    },
  })
  const body = { metadata: { name: 'broker' }, stringData: { url: 'amqp://user:pass@rabbitmq-service' } }
  await namespace.core.createNamespacedSecret({ namespace: name, body })
  return {
    namespace,
    labels: { 'kueue.x-k8s.io/queue-name': 'queue' },
    urlFrom: { secret: 'broker', key: 'url' },
    setQuota: async (quota) => {
      const patch = { spec: { resourceGroups: groups(quota) } }
      const headers = setHeaderOptions('Content-Type', 'application/merge-patch+json')
      await objects.patchClusterCustomObject({ ...API, plural: 'clusterqueues', name, body: patch }, headers)
    },
    workload: async (jobUid, type, status) => {
      while (true) {
        const list = await objects.listNamespacedCustomObject({ ...API, namespace: name, plural: 'workloads' })
        const found = (list.items as Workload[]).find(({ metadata }) =>
          metadata.ownerReferences?.some(({ uid }) => uid === jobUid),
        )
        if (found?.status?.conditions?.some((one) => one.type === type && one.status === status)) return
        await pause(200)
      }
    },
    job: async (job, isWanted) => {
      while (true) {
        const { items } = await namespace.batch.listNamespacedJob({
          namespace: name,
          fieldSelector: `metadata.name=${job}`,
        })
        if (items[0] !== undefined && isWanted(items[0])) return items[0]
        await pause(200)
      }
    },
    pods: async () => {
      const { items } = await namespace.core.listNamespacedPod({ namespace: name })
      return items.map(({ metadata }) => metadata?.name ?? '')
    },
    [Symbol.asyncDispose]: async () => {
      await namespace[Symbol.asyncDispose]()
      for (const plural of ['clusterqueues', 'resourceflavors']) {
        await objects.deleteClusterCustomObject({ ...API, plural, name })
      }
    },
  }
}

function work(queue: Queue, changes: Partial<JobSpec> & { readonly script?: string } = {}): JobSpec {
  return shellJob({
    namespace: queue.namespace.name,
    labels: queue.labels,
    resources: { requests: { cpu: '500m' } },
    ...changes,
  })
}

describe.skipIf(kueue === undefined)('with Kueue', () => {
  beforeAll(async () => {
    await run(kueue ?? '', ['up'])
  })
  afterAll(async () => {
    await run(kueue ?? '', ['down'])
  })

  test.each(['podUrl', 'urlFrom'])(
    'a Job with %s waits without a pod until there is quota, and runs when it is admitted',
    async (how) => {
      await using queue = await createQueue('0')
      const spec = work(queue, how === 'podUrl' ? {} : { queue: { name: 'job1', urlFrom: queue.urlFrom } })
      expect(await preflight(spec)).toMatchObject({ problems: [], suspended: true })
      const handle = await submitJob(spec)
      // The Job is as podqueue leaves it, and Kueue has found no room for it.
      await queue.workload(handle.uid, 'QuotaReserved', 'False')
      const job = await queue.job('work', () => true)
      expect(job.spec?.suspend).toBe(true)
      expect(Object.keys(job.metadata?.annotations ?? {})).not.toContain('podqueue/awaiting-secret')
      expect(await queue.pods()).toEqual([])
      await queue.setQuota('1')
      await expect(handle.wait()).resolves.toMatchObject({ succeeded: 1, failed: 0 })
    },
  )

  test('a run that is preempted goes on when there is room again', async () => {
    await using queue = await createQueue('500m')
    const objects = queue.namespace.kubeConfig.makeApiClient(CustomObjectsApi)
    const priority = `${queue.namespace.name}-high`
    await objects.createClusterCustomObject({
      ...API,
      plural: 'workloadpriorityclasses',
      body: {
        apiVersion: `${API.group}/${API.version}`,
        kind: 'WorkloadPriorityClass',
        metadata: { name: priority },
        value: 1000,
      },
    })
    try {
      const progress: number[] = []
      const running = runJob(work(queue, { name: 'low', items: 2, ...HELD }), {
        on: { progress: ({ ready }) => progress.push(ready) },
      })
      running.catch(() => undefined)
      await queue.job('low', ({ status }) => (status?.ready ?? 0) > 0)
      const urgent = work(queue, {
        name: 'high',
        labels: { ...queue.labels, 'kueue.x-k8s.io/priority-class': priority },
      })
      const urgentRun = runJob(urgent)
      urgentRun.catch(() => undefined)
      await queue.job('low', ({ spec }) => spec?.suspend === true)
      await letGo(queue.namespace)
      await expect(urgentRun).resolves.toMatchObject({ succeeded: 1 })
      await expect(running).resolves.toMatchObject({ completions: 2, succeeded: 2 })
      expect(progress).toContain(1)
    } finally {
      await objects.deleteClusterCustomObject({ ...API, plural: 'workloadpriorityclasses', name: priority })
    }
  })
})

test('a Job that its template suspends is not started, and its Secret is there', async () => {
  await using namespace = await createNamespace()
  const handle = await submitJob(
    shellJob({
      namespace: namespace.name,
      template: (job) => {
        if (job.spec !== undefined) job.spec.suspend = true
        return undefined
      },
    }),
  )
  const { spec, metadata } = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  expect(spec?.suspend).toBe(true)
  expect(Object.keys(metadata?.annotations ?? {}).toSorted()).toEqual(['podqueue/run-id', 'podqueue/spec-hash'])
  const { items } = await namespace.core.listNamespacedSecret({ namespace: namespace.name })
  expect(items).toHaveLength(1)
  await namespace.batch.patchNamespacedJob(
    { namespace: namespace.name, name: 'work', body: { spec: { suspend: false } } },
    setHeaderOptions('Content-Type', 'application/merge-patch+json'),
  )
  await expect(handle.wait()).resolves.toMatchObject({ succeeded: 1 })
})
