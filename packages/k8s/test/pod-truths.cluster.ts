import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import {
  type JobSpec,
  type PodFailure,
  type RunJobOptions,
  runJob,
  type StuckEvent,
  submitJob,
  waitForJob,
} from '../src/index.ts'
import { errorOf } from './error-of.ts'
import { createNamespace } from './namespace.ts'
import { HELD, letGo, shellJob, UNTIL_TERM } from './shell-job.ts'

const run = promisify(execFile)

type Pod = NonNullable<NonNullable<ReturnType<NonNullable<JobSpec['template']>>>['spec']>['template']['spec']
type Container = NonNullable<Pod>['containers'][number]

/** A template that changes the pod. */
function withPod(
  change: (pod: NonNullable<Pod>) => void,
  jobChange: Record<string, unknown> = {},
): NonNullable<JobSpec['template']> {
  return (job) => {
    if (job.spec?.template.spec !== undefined) change(job.spec.template.spec)
    if (job.spec !== undefined) Object.assign(job.spec, jobChange)
    return job
  }
}

/** A container beside the worker, in whose folder /shared both can write. */
function container(name: string, script: string, more: Partial<Container> = {}): Container {
  return {
    name,
    image: 'debian:bookworm-slim',
    imagePullPolicy: 'IfNotPresent',
    command: ['bash', '-c', script],
    volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    ...more,
  }
}

const SHARED = {
  volumes: [{ name: 'shared', emptyDir: {} }],
  volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
}

/** No attempt is repeated: the Job fails with the first one. */
const ONE_ATTEMPT = { backoffLimitPerIndex: 0 }

test.concurrent('a ServiceAccount that is made late: the refusals from before it end no run, however long a back-off without a pod lasts', async () => {
  await using namespace = await createNamespace()
  const stuck: StuckEvent[] = []
  const work = shellJob({
    namespace: namespace.name,
    serviceAccountName: 'late',
    env: {
      FAILURES: {
        fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-index-failure-count']" },
      },
    },
    script: 'test "$FAILURES" -ge 2',
  })
  const result = await runJob(work, {
    // A tenth of the second back-off, which has no pod for 20 s.
    startGraceMs: 10_000,
    on: {
      stuck: (event) => {
        stuck.push(event)
        if (event.reason !== 'PodRefused') return
        void namespace.core.createNamespacedServiceAccount({
          namespace: namespace.name,
          body: { metadata: { name: 'late' } },
        })
      },
    },
  })
  expect(result).toMatchObject({ succeeded: 1, failed: 2 })
  expect(stuck[0]).toMatchObject({ reason: 'PodRefused', message: expect.stringContaining('late') })
})

test.concurrent('a sidecar whose name comes first fails and heals: the run goes on, since the worker is well', async () => {
  await using namespace = await createNamespace()
  // It fails three times, and then runs until the worker is done.
  const proxy =
    'echo x >> /shared/starts; test $(wc -l < /shared/starts) -gt 3 || exit 1; until test -e /shared/done; do sleep 0.2; done'
  const work = shellJob({
    namespace: namespace.name,
    restartPolicy: 'OnFailure',
    ...SHARED,
    script: 'until test $(wc -l < /shared/starts) -gt 3; do sleep 0.5; done 2>/dev/null; touch /shared/done',
    template: withPod((pod) => pod.containers.push(container('a-proxy', proxy))),
  })
  const result = await runJob(work, { startGraceMs: 5000 })
  expect(result).toMatchObject({ succeeded: 1 })
})

test.concurrent('a worker that fails beside a sidecar that is well is a crash loop, with the worker’s own log', async () => {
  const error = await errorOf({
    restartPolicy: 'OnFailure',
    ...SHARED,
    script: 'echo "no such table"; exit 3',
    template: withPod((pod) => pod.containers.push(container('a-proxy', UNTIL_TERM))),
  })
  expect(error).toMatchObject({
    code: 'CRASH_LOOP',
    message: expect.stringContaining('no such table'),
    job: { pods: [{ exitCode: 3, reason: 'Error' }] },
  })
})

test.concurrent.each([
  { exit: 78, code: 'WORKER_MISCONFIGURED' },
  { exit: 1, code: 'CRASH_LOOP' },
])(
  'a native sidecar that exits 143 after the worker: the worker’s exit $exit is what counts',
  async ({ exit, code }) => {
    const proxy = container('proxy', 'trap "exit 143" TERM; sleep 600 & wait', { restartPolicy: 'Always' } as object)
    const error = await errorOf({
      ...SHARED,
      script: `exit ${exit}`,
      template: withPod((pod) => {
        pod.initContainers = [proxy]
      }),
    })
    expect(error).toMatchObject({
      code,
      job: { pods: expect.arrayContaining([expect.objectContaining({ exitCode: exit })]) },
    })
  },
)

test.concurrent.each([
  { reason: 'OutOfcpu', requests: { cpu: '4000' }, selector: {} },
  { reason: 'NodeAffinity', requests: {}, selector: { 'example.org/no-such-label': 'x' } },
])(
  'pods that the kubelet rejects ($reason) end the run at the third, by that reason',
  async ({ reason, requests, selector }) => {
    const namespace = await createNamespace()
    await using _ = namespace
    const [node] = (await namespace.core.listNode()).items
    const error = await errorOf({
      resources: { requests },
      nodeSelector: selector,
      template: withPod((pod) => {
        pod.nodeName = node?.metadata?.name ?? ''
      }),
    })
    expect(error).toMatchObject({
      code: 'CRASH_LOOP',
      message: expect.stringContaining(reason),
      job: { pods: [{ reason }, { reason }, { reason }] },
    })
  },
)

test.concurrent('a pod that is evicted says so, with the limit, and not the exit code of its end', async () => {
  const error = await errorOf({
    volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }],
    volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    script: 'dd if=/dev/zero of=/scratch/x bs=1M count=8 2>/dev/null; sleep 600',
    template: withPod(() => undefined, ONE_ATTEMPT),
  })
  expect(error).toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringMatching(/Evicted.*scratch.*1Mi/),
    hint: expect.stringContaining('sizeLimit'),
    job: { pods: [{ reason: 'Evicted' }] },
  })
})

test.concurrent('a failing init container is told by its name, with its own log', async () => {
  const error = await errorOf({
    ...SHARED,
    script: 'exit 78',
    template: withPod((pod) => {
      pod.initContainers = [container('setup', 'echo "no schema"; exit 5')]
    }, ONE_ATTEMPT),
  })
  expect(error).toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringMatching(/container setup: exit 5.*no schema/),
    job: { pods: [{ container: 'setup', exitCode: 5, logTail: ['no schema'] }] },
  })
})

test.concurrent('with two containers in a pod the worker’s log is read', async () => {
  const error = await errorOf({
    ...SHARED,
    script: 'echo "no such frame"; exit 3',
    template: withPod((pod) => pod.containers.push(container('a-proxy', 'echo "proxy ready"; sleep 1')), ONE_ATTEMPT),
  })
  expect(error).toMatchObject({ job: { pods: [{ exitCode: 3, logTail: ['no such frame'] }] } })
})

test.concurrent.each([0, 1])(
  'a sidecar that runs on after the worker has ended with %i: the run says so, and ends with its name after the grace',
  async (exit) => {
    const stuck: StuckEvent[] = []
    const error = await errorOf(
      {
        ...SHARED,
        script: `exit ${exit}`,
        template: withPod((pod) => pod.containers.push(container('log-shipper', UNTIL_TERM))),
      },
      { startGraceMs: 4000, on: { stuck: (event) => stuck.push(event) } },
    )
    expect(error).toMatchObject({
      code: 'POD_NOT_ENDING',
      message: expect.stringMatching(new RegExp(`exit ${exit}.*log-shipper`)),
      hint: expect.stringContaining('native sidecar'),
      job: { fate: 'deleted' },
    })
    expect(stuck).toMatchObject([{ reason: 'HeldBySidecar', message: expect.stringContaining('log-shipper') }])
  },
)

test.concurrent.each([
  {
    what: 'scheduling gates that nobody removes',
    template: withPod((pod) => {
      pod.schedulingGates = [{ name: 'example.org/wait' }]
    }),
    reason: 'SchedulingGated',
    code: 'UNSCHEDULABLE',
    words: 'example.org/wait',
  },
  {
    what: 'a scheduler that does not exist',
    template: withPod((pod) => {
      pod.schedulerName = 'nobody'
    }),
    reason: 'NotScheduled',
    code: 'UNSCHEDULABLE',
    words: 'nobody',
  },
  {
    what: 'a controller that does not exist',
    template: withPod(() => undefined, { managedBy: 'example.org/nobody' }),
    reason: 'NotMoving',
    code: 'JOB_STALLED',
    words: 'example.org/nobody',
  },
])('$what: the run says so ($reason), and ends after the grace ($code)', async ({ template, reason, code, words }) => {
  const stuck: StuckEvent[] = []
  const on = { stuck: (event: StuckEvent) => stuck.push(event) }
  const error = await errorOf({ template }, { startGraceMs: 2000, scheduleGraceMs: 8000, on })
  expect(error).toMatchObject({ code, message: expect.stringContaining(words), job: { fate: 'deleted' } })
  expect(stuck).toMatchObject([{ reason, message: expect.stringContaining(words) }])
})

test.concurrent('a Job that is stuck in its deletion: the wait says so, and ends with the finalizers', async () => {
  await using namespace = await createNamespace()
  const at = { namespace: namespace.name, name: 'work' }
  const stuck: StuckEvent[] = []
  const handle = await submitJob(shellJob({ namespace: namespace.name, script: UNTIL_TERM }))
  const finalizers = (value: string[]) => [{ op: 'add', path: '/metadata/finalizers', value }]
  await namespace.batch.patchNamespacedJob({ ...at, body: finalizers(['example.org/hold']) })
  try {
    await namespace.batch.deleteNamespacedJob({ ...at, propagationPolicy: 'Background' })
    const waiting = handle.wait({ startGraceMs: 4000, on: { stuck: (event) => stuck.push(event) } })
    await expect(waiting).rejects.toMatchObject({
      code: 'JOB_DELETED',
      message: expect.stringContaining('example.org/hold'),
      details: { finalizers: ['example.org/hold'] },
    })
    expect(stuck).toMatchObject([{ reason: 'Deleting', message: expect.stringContaining('example.org/hold') }])
  } finally {
    await namespace.batch.patchNamespacedJob({ ...at, body: finalizers([]) })
  }
})

test.concurrent('a worker that waits for its broker is heard while its pod runs, long before it gives up', async () => {
  await using namespace = await createNamespace()
  const abort = new AbortController()
  const stuck: StuckEvent[] = []
  const script = `echo "podqueue-worker: No host broker.invalid is known. Trying again." >&2; ${UNTIL_TERM}`
  const running = runJob(shellJob({ namespace: namespace.name, script }), {
    startGraceMs: 3000,
    signal: abort.signal,
    on: {
      stuck: (event) => {
        stuck.push(event)
        abort.abort()
      },
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  expect(stuck).toMatchObject([{ reason: 'WorkerWaiting', message: expect.stringContaining('broker.invalid') }])
})

test.concurrent('a program that writes 5,000 lines each to standard output and standard error: each line once', async () => {
  await using namespace = await createNamespace()
  const handle = await submitJob(
    shellJob({ namespace: namespace.name, script: 'seq -f "out %.0f" 5000 & seq -f "err %.0f" 5000 >&2; wait' }),
  )
  const lines: string[] = []
  for await (const { line } of handle.logs()) lines.push(line)
  const wanted = Array.from({ length: 5000 }, (_, index) => [`out ${index + 1}`, `err ${index + 1}`]).flat()
  expect(lines.toSorted()).toEqual(wanted.toSorted())
})

test.concurrent('a Job whose name has dots, which somebody else made, is waited for', async () => {
  await using namespace = await createNamespace()
  const name = 'nightly.v1.2'
  const worker = { name: 'render', image: 'debian:bookworm-slim', command: ['true'] }
  const body = { metadata: { name }, spec: { template: { spec: { restartPolicy: 'Never', containers: [worker] } } } }
  await namespace.batch.createNamespacedJob({ namespace: namespace.name, body })
  await expect(waitForJob(name, { namespace: namespace.name })).resolves.toMatchObject({ name, succeeded: 1 })
})

test.concurrent('two runs of the same work share a Job: the one that did not make it leaves it when it is aborted', async () => {
  await using namespace = await createNamespace()
  const work = shellJob({ namespace: namespace.name, script: 'until test -e /tmp/go; do sleep 0.2; done' })
  const first = runJob(work)
  const abort = new AbortController()
  const second = vi
    .waitFor(() => namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' }), { timeout: 60_000 })
    .then(() => runJob(work, { signal: abort.signal, on: { progress: ({ ready }) => ready === 1 && abort.abort() } }))
  await expect(second).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'left running' } })
  await run('kubectl', ['--namespace', namespace.name, 'exec', 'job/work', '--', 'touch', '/tmp/go'])
  await expect(first).resolves.toMatchObject({ succeeded: 1 })
})

test.concurrent('the duration counts from the first start, also when the Job was suspended and the run restarted meanwhile', async ({
  expect,
}) => {
  await using namespace = await createNamespace()
  const at = { namespace: namespace.name, name: 'work' }
  const suspend = async (value: boolean): Promise<void> => {
    await namespace.batch.patchNamespacedJob({ ...at, body: [{ op: 'add', path: '/spec/suspend', value }] })
  }
  const work = shellJob({ namespace: namespace.name, ...HELD })
  const abort = new AbortController()
  const options: RunJobOptions = { runId: 'friday', onAbort: 'leave' }
  const first = runJob(work, {
    ...options,
    signal: abort.signal,
    on: {
      progress: ({ ready }) => {
        if (ready === 1) void suspend(true)
      },
      stuck: ({ reason }) => {
        if (reason === 'Suspended') abort.abort()
      },
    },
  })
  await expect(first).rejects.toMatchObject({ code: 'ABORTED' })
  // Kubernetes writes another startTime when it resumes the Job.
  const suspended = async () => {
    const { conditions = [] } = (await namespace.batch.readNamespacedJob(at)).status ?? {}
    return conditions.find(({ type }) => type === 'Suspended')?.status
  }
  await expect.poll(suspended, { timeout: 60_000 }).toBe('True')
  const job = await namespace.batch.readNamespacedJob(at)
  const kept = job.metadata?.annotations?.['podqueue/first-started-at'] ?? ''
  expect(Date.parse(kept)).toBeGreaterThan(0)
  await letGo(namespace)
  await suspend(false)
  const result = await runJob(work, options)
  expect(result).toMatchObject({ succeeded: 1, startedAt: kept })
  expect(result.durationMs).toBe(Date.parse(result.completedAt ?? '') - Date.parse(kept))
})

test.concurrent('pods that fail are told once each, beside their sidecars', async () => {
  await using namespace = await createNamespace()
  const failures: PodFailure[] = []
  const work = shellJob({
    namespace: namespace.name,
    items: 4,
    parallelism: 4,
    ...SHARED,
    script: 'exit 3',
    template: withPod((pod) => pod.containers.push(container('a-proxy', 'sleep 1')), ONE_ATTEMPT),
  })
  const options = { on: { podFailed: (failure: PodFailure) => failures.push(failure) } }
  await expect(runJob(work, options)).rejects.toMatchObject({ code: 'JOB_FAILED' })
  expect(failures.map(({ index }) => index).toSorted()).toEqual([0, 1, 2, 3])
})
