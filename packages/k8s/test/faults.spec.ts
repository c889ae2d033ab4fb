import { CoreV1Api } from '@kubernetes/client-node'
import { afterEach, expect, test, vi } from 'vitest'
import { type JobCounts, type JobSpec, runJob, submitJob } from '../src/index.ts'
import { type LocalFault, startLocalCluster } from '../src/local.ts'
import { lossy } from './lossy.ts'
import { shellJob } from './shell-job.ts'

afterEach(() => void vi.useRealTimers())

const work = { ...shellJob({ script: 'sleep 0.5' }), command: ['sh', '-c', 'sleep 0.5'] }

/** Runs a Job while requests fail, and says how it went and what was sent. */
async function runWith(
  faults: readonly LocalFault[],
  options: Parameters<typeof runJob>[1] = {},
  changes: Partial<JobSpec> = {},
) {
  await using cluster = await startLocalCluster({ backoffScale: 0.01, faults })
  const network = lossy(cluster.kubeConfig, () => false)
  const seen: JobCounts[] = []
  const reconnected: string[] = []
  const result = await runJob(
    { ...work, queue: { name: 'job1', podUrl: 'amqp://127.0.0.1' }, items: 3, ...changes },
    {
      preflight: false,
      ...options,
      kubeConfig: network.kubeConfig,
      on: { progress: (counts) => seen.push(counts), reconnected: ({ reason }) => reconnected.push(reason) },
    },
  )
  const jobs = await cluster.kubeConfig
    .makeApiClient((await import('@kubernetes/client-node')).BatchV1Api)
    .listNamespacedJob({ namespace: 'default' })
  return { result, seen, reconnected, requests: network.requests, jobs: jobs.items.length }
}

const create = { verb: 'create', resource: 'jobs' } as const
const watches = { verb: 'watch', resource: 'jobs' } as const

test.concurrent.each<{ what: string; faults: LocalFault[] }>([
  {
    what: 'too many requests (429) with Retry-After',
    faults: [{ match: create, do: { status: 429, retryAfterSeconds: 1 } }],
  },
  { what: 'an internal error (500)', faults: [{ match: create, times: 2, do: { status: 500 } }] },
  { what: 'a server that is not ready (503)', faults: [{ match: create, times: 2, do: { status: 503 } }] },
  { what: 'a connection that is reset before it is made', faults: [{ match: create, do: { reset: 'before' } }] },
  { what: 'a create whose answer is lost', faults: [{ match: create, do: { reset: 'after' } }] },
  { what: 'a Secret whose answer is lost', faults: [{ match: { resource: 'secrets' }, do: { reset: 'after' } }] },
  { what: 'a start whose answer is lost', faults: [{ match: { verb: 'patch' }, do: { reset: 'after' } }] },
])('$what: one Job, and it completes', async ({ faults }) => {
  const { result, jobs } = await runWith(faults)
  expect(result).toMatchObject({ succeeded: 3 })
  expect(jobs).toBe(1)
})

test('Retry-After is waited for before the request is sent again', async () => {
  await using cluster = await startLocalCluster({
    faults: [{ match: create, do: { status: 429, retryAfterSeconds: 1 } }],
  })
  const begun = performance.now()
  await submitJob({ ...work, queue: { name: 'job1', podUrl: 'amqp://127.0.0.1' } }, { kubeConfig: cluster.kubeConfig })
  expect(performance.now() - begun).toBeGreaterThanOrEqual(1000)
})

test.concurrent.each<{ what: string; faults: LocalFault[]; reconnects: number; silenceMs?: number }>([
  { what: 'cut', faults: [{ match: watches, do: { watch: 'cut' } }], reconnects: 1 },
  { what: 'cut again and again', faults: [{ match: watches, times: 2, do: { watch: 'cut' } }], reconnects: 1 },
  { what: 'cut after an event', faults: [{ match: watches, do: { watch: 'cut', afterEvents: 1 } }], reconnects: 1 },
  { what: 'answered with 410', faults: [{ match: watches, do: { status: 410 } }], reconnects: 0 },
  {
    what: 'ended by an event of 410',
    faults: [{ match: watches, do: { watch: 'expire', afterEvents: 1 } }],
    reconnects: 0,
  },
  {
    what: 'opened with a version that the server forgot',
    faults: [{ match: watches, do: { dropHistory: true } }],
    reconnects: 0,
  },
  {
    what: 'cut, and its last bookmark is too old by then',
    faults: [
      { match: watches, do: { watch: 'cut', afterEvents: 1 } },
      { match: watches, nth: 2, do: { dropHistory: true } },
    ],
    reconnects: 1,
  },
  // Long enough for the Job: on a busy machine a pod may take more than a second to start, which is no event either.
  { what: 'silent', faults: [{ match: watches, do: { watch: 'silence' } }], reconnects: 1, silenceMs: 5000 },
  { what: 'refused with 503', faults: [{ match: watches, do: { status: 503 } }], reconnects: 1 },
  {
    what: 'refused with 429 and Retry-After',
    faults: [{ match: watches, do: { status: 429, retryAfterSeconds: 1 } }],
    reconnects: 1,
  },
  {
    what: 'refused with 401 once, as with a token that has just expired',
    faults: [{ match: watches, do: { status: 401 } }],
    reconnects: 1,
  },
  { what: 'given each event twice', faults: [{ match: watches, do: { watch: 'repeat' } }], reconnects: 0 },
])('a watch that is $what: the wait ends with the right result', async ({ faults, reconnects, silenceMs = 90_000 }) => {
  const { result, seen, reconnected } = await runWith(faults, { silenceMs })
  expect(result).toMatchObject({ completions: 3, succeeded: 3, failed: 0 })
  const succeeded = seen.map((counts) => counts.succeeded)
  expect(succeeded).toEqual(succeeded.toSorted((a, b) => a - b))
  expect(reconnected).toHaveLength(reconnects)
})

test('a watch that is given events in another order: nothing that was overtaken is told, and the result is right', async () => {
  // Pods that end close together, so that there is something to exchange.
  const quick = { items: 24, parallelism: 6, command: ['true'] }
  const { result, seen } = await runWith([{ match: watches, do: { watch: 'swap' } }], {}, quick)
  expect(result).toMatchObject({ completions: 24, succeeded: 24, failed: 0 })
  const succeeded = seen.map((counts) => counts.succeeded)
  expect(succeeded).toEqual(succeeded.toSorted((a, b) => a - b))
  expect(succeeded.length).toBeGreaterThan(2)
})

test('a clock that jumps forward ends no grace early', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await using cluster = await startLocalCluster({ backoffScale: 0.01 })
  const { kubeConfig } = cluster
  const core = kubeConfig.makeApiClient(CoreV1Api)
  const told: string[] = []
  const result = await runJob(
    { ...work, queue: { name: 'job1', urlFrom: { secret: 'late', key: 'url' } } },
    {
      kubeConfig,
      preflight: false,
      startGraceMs: 60_000,
      scheduleGraceMs: 60_000,
      unreachableMs: 60_000,
      silenceMs: 60_000,
      on: {
        progress: () => vi.setSystemTime(Date.now() + 86_400_000),
        stuck: ({ reason }) => {
          told.push(reason)
          vi.setSystemTime(Date.now() + 86_400_000)
          // After a few more looks at the pod that waits for it.
          setTimeout(() => {
            const secret = { metadata: { name: 'late' }, stringData: { url: 'amqp://127.0.0.1' } }
            void core.createNamespacedSecret({ namespace: 'default', body: secret })
          }, 3000)
        },
      },
    },
  )
  expect(told).toEqual(['NotStarting'])
  expect(result).toMatchObject({ succeeded: 1 })
})

test('a clock that jumps back makes no grace late', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await using cluster = await startLocalCluster({ backoffScale: 0.01 })
  const running = runJob(
    { ...work, queue: { name: 'job1', urlFrom: { secret: 'never', key: 'url' } } },
    {
      kubeConfig: cluster.kubeConfig,
      preflight: false,
      startGraceMs: 1500,
      on: {
        progress: () => vi.setSystemTime(Date.now() - 86_400_000),
        stuck: () => vi.setSystemTime(Date.now() - 86_400_000),
      },
    },
  )
  await expect(running).rejects.toMatchObject({ code: 'CONFIG_MISSING' })
})

test('faults that cannot be are refused, all at once', async () => {
  const faults = [{ do: { status: 200 } }, { match: { verb: 'ask' }, do: {} }] as unknown as LocalFault[]
  const error = await startLocalCluster({ faults }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'INVALID_OPTIONS', details: { problems: { length: 3 } } })
})
