import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { type JobFailedError, type K8sError, runJob, type TimelinePod } from '../src/index.ts'
import { createNamespace } from './namespace.ts'
import { shellJob } from './shell-job.ts'

const run = promisify(execFile)

/** A pod as `kubectl get pods --output json` shows it. */
interface Shown {
  readonly metadata: {
    readonly name: string
    readonly creationTimestamp: string
    readonly annotations: Record<string, string>
  }
  readonly spec: { readonly nodeName: string }
  readonly status: {
    readonly phase: string
    readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[]
    readonly containerStatuses: readonly {
      readonly state: {
        readonly terminated: {
          readonly startedAt: string
          readonly finishedAt: string
          readonly exitCode: number
          readonly reason: string
        }
      }
    }[]
  }
}

function asTimeline({ metadata, spec, status }: Shown): TimelinePod {
  const end = status.containerStatuses[0]?.state.terminated
  const failed = status.phase === 'Failed'
  return {
    name: metadata.name,
    sweep: 0,
    node: spec.nodeName,
    index: Number(metadata.annotations['batch.kubernetes.io/job-completion-index']),
    attempt: Number(metadata.annotations['batch.kubernetes.io/job-index-failure-count']) + 1,
    createdAt: metadata.creationTimestamp,
    scheduledAt: status.conditions.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime ?? '',
    startedAt: end?.startedAt ?? '',
    finishedAt: end?.finishedAt ?? '',
    outcome: failed ? 'failed' : 'succeeded',
    ...(failed ? { exitCode: end?.exitCode ?? 0, reason: end?.reason ?? '' } : {}),
  }
}

test.concurrent('the timeline on the error of a Job has every attempt, with the times that kubectl shows', async () => {
  await using namespace = await createNamespace()
  const failing = shellJob({
    namespace: namespace.name,
    items: 3,
    parallelism: 3,
    script: 'sleep $JOB_COMPLETION_INDEX; test $JOB_COMPLETION_INDEX != 1 || exit 3',
    template: (job) => {
      if (job.spec !== undefined) job.spec.backoffLimitPerIndex = 1
    },
  })
  const error: JobFailedError = await runJob(failing, { timeline: true }).then(
    () => expect.unreachable(),
    (caught) => caught,
  )
  const { stdout } = await run('kubectl', ['get', 'pods', '--namespace', namespace.name, '--output', 'json'], {
    maxBuffer: 1 << 26,
  })
  const shown = (JSON.parse(stdout) as { readonly items: readonly Shown[] }).items.map(asTimeline)
  expect(shown).toHaveLength(4)
  expect(error.timeline?.jobs).toMatchObject([{ outcome: 'failed', succeeded: 2, failed: 2, podsMissing: 0 }])
  expect(error.timeline?.pods).toHaveLength(4)
  for (const pod of shown) expect(error.timeline?.pods).toContainEqual(pod)
  const { status } = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  const condition = status?.conditions?.find(({ type }) => type === 'Failed')
  expect(Date.parse(error.timeline?.jobs[0]?.endedAt ?? '')).toBe(condition?.lastTransitionTime?.getTime())
  expect(Date.parse(error.timeline?.jobs[0]?.startedAt ?? '')).toBe(status?.startTime?.getTime())
})

test.concurrent('pods that a suspension ended are in the timeline, though they are gone', async () => {
  await using namespace = await createNamespace()
  const at = { namespace: namespace.name, name: 'work' }
  const abort = new AbortController()
  const ready = vi.fn()
  const script = 'trap "sleep 4; exit 1" TERM; sleep 600 & wait'
  const running = runJob(shellJob({ namespace: namespace.name, script }), {
    timeline: true,
    signal: abort.signal,
    on: { progress: (counts) => counts.ready === 1 && ready() },
  }).catch((error: K8sError) => error.timeline)
  await vi.waitFor(() => expect(ready).toHaveBeenCalled(), { timeout: 60_000 })
  await namespace.batch.patchNamespacedJob({ ...at, body: [{ op: 'replace', path: '/spec/suspend', value: true }] })
  const pods = async () => (await namespace.core.listNamespacedPod({ namespace: namespace.name })).items
  await vi.waitFor(async () => expect(await pods()).toEqual([]), { timeout: 60_000, interval: 500 })
  abort.abort()
  expect(await running).toMatchObject({
    jobs: [{ outcome: 'unfinished', podsMissing: 0 }],
    pods: [{ outcome: 'deleted', node: expect.any(String), deletedAt: expect.any(String) }],
  })
})
