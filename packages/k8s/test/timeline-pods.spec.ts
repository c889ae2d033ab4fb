import { expect, test } from 'vitest'
import type { JobObject, PodObject } from '../src/api/api-objects.ts'
import type { ApiRequest, KubeApi } from '../src/api/kube-api.ts'
import type { TimelinePod } from '../src/index.ts'
import { numberAttempts } from '../src/timeline/numbered-attempts.ts'
import { readPods } from '../src/timeline/read-pods.ts'
import { sampled } from '../src/timeline/sample.ts'
import { timelinePod } from '../src/timeline/timeline-pod.ts'

const INDEX = 'batch.kubernetes.io/job-completion-index'

function podOf(index: number, phase: 'Succeeded' | 'Failed', labelled = true): PodObject {
  const name = `work-${index}-${phase}`
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      annotations: { [INDEX]: String(index) },
      ...(labelled ? { labels: { [INDEX]: String(index) } } : {}),
    },
    status: { phase },
  }
}

function jobOf(completions: number, failed: number, completionMode = 'Indexed'): JobObject {
  return {
    metadata: { name: 'work', namespace: 'default', uid: 'u1', resourceVersion: '1' },
    spec: { completions, completionMode, template: { spec: {} } },
    status: { succeeded: completions, failed },
  }
}

/** An API server that lists pods as Kubernetes does: by name, page by page, those that the selectors pick. */
function serverWith(pods: readonly PodObject[]) {
  const requests: ApiRequest[] = []
  const byName = pods.toSorted((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
  const request = async <Answer>(one: ApiRequest): Promise<Answer> => {
    requests.push(one)
    const { limit, continue: from = '0', fieldSelector, labelSelector } = one.query ?? {}
    const [, phase] = /^status.phase=(\w+)$/.exec(String(fieldSelector ?? '')) ?? []
    const [, indexes] = / in \(([\d,]+)\)$/.exec(String(labelSelector)) ?? []
    const wanted = indexes === undefined ? undefined : new Set(indexes.split(','))
    const picked = byName.filter(
      ({ metadata, status }) =>
        (phase === undefined || status?.phase === phase) &&
        (wanted === undefined || wanted.has(metadata.labels?.[INDEX] ?? '')),
    )
    const end = Number(from) + Number(limit)
    const next = end < picked.length ? { continue: String(end) } : {}
    return { metadata: { resourceVersion: '1', ...next }, items: picked.slice(Number(from), end) } as Answer
  }
  return { api: { request } as Pick<KubeApi, 'request'> as KubeApi, requests }
}

const { signal } = new AbortController()
const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('all pods of a Job of 2000 are read', async () => {
  const { api, requests } = serverWith(indexes(2000).map((index) => podOf(index, 'Succeeded')))
  const { pods, all } = await readPods(api, jobOf(2000, 0), signal)
  expect({ pods: pods.length, all }).toEqual({ pods: 2000, all: true })
  expect(requests.length).toBeLessThanOrEqual(10)
})

test.each([
  { what: 'Indexed', labelled: true, mode: 'Indexed' },
  { what: 'Indexed, without a label for the index', labelled: false, mode: 'Indexed' },
  { what: 'NonIndexed', labelled: false, mode: 'NonIndexed' },
])(
  'of a larger Job ($what) the failures and a sample are read, by at most ten requests',
  async ({ labelled, mode }) => {
    const good = indexes(50_000).map((index) => podOf(index, 'Succeeded', labelled))
    const bad = indexes(120).map((index) => podOf(index * 400 + 7, 'Failed', labelled))
    const { api, requests } = serverWith([...good, ...bad])
    const { pods, all } = await readPods(api, jobOf(50_000, 120, mode), signal)
    expect(all).toBe(false)
    expect(requests.length).toBeLessThanOrEqual(10)
    expect(pods.length).toBeLessThanOrEqual(2000)
    expect(pods.filter(({ status }) => status?.phase === 'Failed')).toHaveLength(120)
    expect(pods.length).toBeGreaterThanOrEqual(1500)
    if (!labelled) return
    // Each tenth of the run has its part of the sample.
    const tenths = new Set(
      pods
        .filter(({ status }) => status?.phase === 'Succeeded')
        .map(({ metadata }) => Math.floor(Number(metadata.annotations?.[INDEX]) / 5000)),
    )
    expect(tenths.size).toBe(10)
  },
)

const entry = (number: number, changes: Partial<TimelinePod> = {}): TimelinePod => ({
  name: `work-${number}`,
  sweep: 0,
  createdAt: new Date(number * 1000).toISOString(),
  outcome: 'succeeded',
  ...changes,
})

test('a sample keeps the failures, and the others at equal distances', () => {
  const pods = indexes(10_000).map((number) => entry(number, number % 100 === 0 ? { outcome: 'failed' } : {}))
  const kept = sampled(pods, 1000)
  expect(kept).toHaveLength(1000)
  expect(kept.filter(({ outcome }) => outcome === 'failed')).toHaveLength(100)
  const thousands = kept
    .filter(({ outcome }) => outcome === 'succeeded')
    .map(({ createdAt }) => Math.floor(Date.parse(createdAt) / 1_000_000))
  for (let thousand = 0; thousand < 10; thousand++)
    expect(thousands.filter((each) => each === thousand).length, `of thousand ${thousand}`).toBeGreaterThanOrEqual(85)
})

test('failures alone do not crowd out everything else', () => {
  const pods = indexes(10_000).map((number) => entry(number, number < 9000 ? { outcome: 'failed' } : {}))
  const kept = sampled(pods, 1000)
  expect(kept.filter(({ outcome }) => outcome === 'failed')).toHaveLength(500)
  expect(kept).toHaveLength(1000)
})

test('attempts are numbered by their time where Kubernetes has not counted them', () => {
  const attempts = [
    entry(5, { index: 1 }),
    entry(1, { index: 1 }),
    entry(2, { index: 0 }),
    entry(9, { index: 1, sweep: 1 }),
  ]
  expect(numberAttempts(attempts).map(({ name, attempt }) => [name, attempt])).toEqual([
    ['work-1', 1],
    ['work-2', 1],
    ['work-5', 2],
    ['work-9', 1],
  ])
})

const NOW = Date.UTC(2026, 0, 1, 12)
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString().replace('.000', '')
const condition = (type: string, reason = '') => ({ type, status: 'True', reason, lastTransitionTime: at(-10) })

test.each<{ what: string; pod: Partial<PodObject>; deleted?: number; expected: Partial<TimelinePod> }>([
  {
    what: 'evicted by its node',
    pod: {
      status: {
        phase: 'Failed',
        reason: 'Evicted',
        message: 'low on memory',
        conditions: [condition('DisruptionTarget')],
      },
    },
    expected: { outcome: 'evicted', reason: 'Evicted', message: 'low on memory', finishedAt: at(-10) },
  },
  {
    what: 'ended by the eviction API',
    pod: { status: { phase: 'Failed', conditions: [condition('DisruptionTarget', 'EvictionByEvictionAPI')] } },
    expected: { outcome: 'evicted', finishedAt: at(-10) },
  },
  {
    what: 'of a node that is gone',
    pod: { status: { phase: 'Failed', conditions: [condition('DisruptionTarget', 'DeletionByPodGC')] } },
    expected: { outcome: 'lost', finishedAt: at(-10) },
  },
  {
    what: 'told to end long ago, on a node that does not answer',
    pod: { status: { phase: 'Running' } },
    deleted: -60,
    expected: { outcome: 'lost', deletedAt: at(-90) },
  },
  {
    what: 'told to end a moment ago',
    pod: { status: { phase: 'Running' } },
    deleted: 20,
    expected: { outcome: 'deleted', deletedAt: at(-10) },
  },
  {
    what: 'refused by its node',
    pod: { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'no room' } },
    expected: { outcome: 'failed', reason: 'OutOfcpu', message: 'no room' },
  },
  { what: 'without a node', pod: { status: { phase: 'Pending' } }, expected: { outcome: 'pending' } },
  {
    what: 'killed for its memory, by times of a container that never started',
    pod: {
      spec: { containers: [{ name: 'worker' }] },
      status: {
        phase: 'Failed',
        containerStatuses: [
          {
            name: 'worker',
            restartCount: 0,
            state: {
              terminated: { exitCode: 137, reason: 'OOMKilled', startedAt: '1970-01-01T00:00:00Z', finishedAt: null },
            },
          },
        ],
      },
    },
    expected: { outcome: 'failed', exitCode: 137, reason: 'OOMKilled' },
  },
])('a pod $what', ({ pod, deleted, expected }) => {
  const deletion = deleted === undefined ? {} : { deletionTimestamp: at(deleted), deletionGracePeriodSeconds: 30 }
  const metadata = { name: 'work-0', uid: 'u', resourceVersion: '1', creationTimestamp: at(-100), ...deletion }
  expect(timelinePod({ ...pod, metadata }, 0, NOW)).toEqual({
    name: 'work-0',
    sweep: 0,
    createdAt: at(-100),
    ...expected,
  })
})
