import { expect, test, vi } from 'vitest'
import { runJob, type StuckEvent, submitJob, waitForJob } from '../src/index.ts'
import { errorOf } from './error-of.ts'
import { gateTo } from './gate.ts'
import { createNamespace, type TestNamespace } from './namespace.ts'
import { HELD, letGo, shellJob, UNTIL_TERM } from './shell-job.ts'

const quota = (hard: Record<string, string>) => (namespace: TestNamespace) =>
  namespace.core.createNamespacedResourceQuota({
    namespace: namespace.name,
    body: { metadata: { name: 'small' }, spec: { hard } },
  })

test.concurrent('a ConfigMap that is missing is named', async () => {
  const env = { COLOR: { configMapKeyRef: { name: 'no-such-map', key: 'color' } } }
  expect(await errorOf({ env })).toMatchObject({
    code: 'CONFIG_MISSING',
    message: expect.stringContaining('no-such-map'),
    hint: expect.stringContaining('ConfigMap'),
    job: { fate: 'deleted' },
  })
})

test.concurrent('a Secret that is missing as a volume is named, though its pod only says that it is being prepared', async () => {
  const volumes = [{ name: 'keys', secret: { secretName: 'no-such-keys' } }]
  const volumeMounts = [{ name: 'keys', mountPath: '/keys' }]
  expect(await errorOf({ volumes, volumeMounts })).toMatchObject({
    code: 'CONFIG_MISSING',
    message: expect.stringContaining('no-such-keys'),
    job: { reason: 'FailedMount' },
  })
})

test.concurrent('a key that a ConfigMap has not is named', async () => {
  const env = { COLOR: { configMapKeyRef: { name: 'colors', key: 'blue' } } }
  const colors = (namespace: TestNamespace) =>
    namespace.core.createNamespacedConfigMap({
      namespace: namespace.name,
      body: { metadata: { name: 'colors' }, data: { red: '#f00' } },
    })
  // A busy kubelet says at first that it has not read the ConfigMap yet.
  expect(await errorOf({ env }, { startGraceMs: 15_000 }, colors)).toMatchObject({
    code: 'CONFIG_MISSING',
    message: expect.stringMatching(/blue.*colors/),
  })
})

test.concurrent('a namespace that does not exist is named before anything is made', async () => {
  await expect(runJob(shellJob({ namespace: 'podqueue-no-such' }))).rejects.toMatchObject({
    code: 'NAMESPACE_NOT_FOUND',
    message: 'Namespace podqueue-no-such does not exist.',
    hint: expect.stringContaining('kubectl create namespace podqueue-no-such'),
  })
})

test.concurrent('a quota of Jobs refuses the Job with what is used and what is allowed, which is no missing right', async () => {
  expect(await errorOf({}, {}, quota({ 'count/jobs.batch': '0' }))).toMatchObject({
    code: 'JOB_REJECTED',
    message: expect.stringMatching(/exceeded quota: small, requested: .*=1, used: .*=0, limited: .*=0/),
    hint: expect.stringContaining('kubectl describe quota'),
  })
})

test.concurrent('the loopback address of a broker is refused, though the API server may be on loopback too', async () => {
  await using namespace = await createNamespace()
  await using gate = await gateTo(namespace.kubeConfig)
  const queue = { name: 'job1', podUrl: 'amqp://user:pass-geheim@localhost:5672' }
  const work = shellJob({ namespace: namespace.name, queue })
  for (const kubeConfig of [namespace.kubeConfig, gate.kubeConfig]) {
    for (const call of [submitJob, runJob]) {
      await expect(call(work, { kubeConfig })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(/queue.podUrl.*the pod itself/),
      })
    }
  }
  expect((await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items).toEqual([])
})

test.concurrent('resources that no node has end the run with what the scheduler says', async () => {
  expect(await errorOf({ resources: { requests: { cpu: '4000' } } })).toMatchObject({
    code: 'UNSCHEDULABLE',
    message: expect.stringContaining('Insufficient cpu'),
    hint: expect.stringContaining('resources'),
    job: { reason: 'Unschedulable' },
  })
})

test.concurrent('a quota that lets no pod in ends the run with what is used and what is allowed', async () => {
  expect(await errorOf({}, {}, quota({ pods: '0' }))).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    message: expect.stringMatching(/exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0/),
  })
})

// The run outlasts the grace by far, and a busy node has its pods ready within it.
test.concurrent('a quota that lets two of four pods in: the run goes on to its end, and says what it waits for', async () => {
  await using namespace = await createNamespace()
  await quota({ pods: '2' })(namespace)
  const stuck: StuckEvent[] = []
  const result = await runJob(shellJob({ namespace: namespace.name, items: 4, parallelism: 4, script: 'sleep 20' }), {
    startGraceMs: 2000,
    scheduleGraceMs: 8000,
    on: { stuck: (event) => stuck.push(event) },
  })
  expect(result).toMatchObject({ succeeded: 4 })
  expect(stuck).toMatchObject([{ reason: 'QuotaExceeded', message: expect.stringContaining('small') }])
})

test.concurrent('three of four pods fit on the node: the run goes on to its end, and says what it waits for', async () => {
  await using namespace = await createNamespace()
  const { items: nodes } = await namespace.core.listNode()
  const stuck: StuckEvent[] = []
  // The capacity of the largest node, in pieces of a bit more than a third.
  const memory =
    nodes.map(({ status }) => Number.parseInt(status?.allocatable?.memory ?? '0', 10)).sort((a, b) => b - a)[0] ?? 0
  const hostname = nodes.find(({ status }) => Number.parseInt(status?.allocatable?.memory ?? '0', 10) === memory)
  const result = await runJob(
    shellJob({
      namespace: namespace.name,
      items: 4,
      parallelism: 4,
      script: 'sleep 20',
      nodeSelector: { 'kubernetes.io/hostname': hostname?.metadata?.labels?.['kubernetes.io/hostname'] ?? '' },
      resources: { requests: { memory: `${Math.floor(memory * 0.29)}Ki` } },
    }),
    { startGraceMs: 2000, scheduleGraceMs: 8000, on: { stuck: (event) => stuck.push(event) } },
  )
  expect(result).toMatchObject({ succeeded: 4 })
  expect(stuck).toMatchObject([{ reason: 'Unschedulable', message: expect.stringContaining('Insufficient memory') }])
})

test.concurrent.each([{ restartPolicy: 'Never' }, { restartPolicy: 'OnFailure' }] as const)(
  'a program that crashes every time ends the run with its last words ($restartPolicy)',
  async (policy) => {
    expect(await errorOf({ ...policy, script: 'echo "no such table" >&2; exit 3' })).toMatchObject({
      code: 'CRASH_LOOP',
      message: expect.stringContaining('no such table'),
      job: { pods: expect.arrayContaining([expect.objectContaining({ exitCode: 3 })]), fate: 'deleted' },
    })
  },
)

test.concurrent('a command that does not exist is found at the second attempt', async () => {
  expect(await errorOf({ command: ['/no/such/program'] })).toMatchObject({
    code: 'CRASH_LOOP',
    message: expect.stringContaining('/no/such/program'),
    job: { pods: [{ reason: 'StartError' }, { reason: 'StartError' }] },
  })
})

test.concurrent('failFast: Kubernetes itself ends the Job when one worker says that its configuration is wrong', async ({
  expect,
}) => {
  await using namespace = await createNamespace()
  const script = `if [ $JOB_COMPLETION_INDEX = 1 ]; then echo "QUEUE is wrong"; exit 78; fi; ${UNTIL_TERM}`
  const handle = await submitJob(
    shellJob({ namespace: namespace.name, items: 3, parallelism: 3, failFast: true, script }),
  )
  // Nobody waits meanwhile.
  const failed = async () => {
    const job = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
    return job.status?.conditions?.find(({ type }) => type === 'Failed')?.reason
  }
  await expect.poll(failed, { timeout: 120_000, interval: 500 }).toBe('PodFailurePolicy')
  await expect(handle.wait()).rejects.toMatchObject({
    code: 'WORKER_MISCONFIGURED',
    message: expect.stringContaining('QUEUE is wrong'),
  })
})

test.concurrent('a Job that is removed by its TTL at once is still complete', async () => {
  await using namespace = await createNamespace()
  const result = await runJob(shellJob({ namespace: namespace.name, ttlMs: 1000 }))
  expect(result).toMatchObject({ succeeded: 1 })
  const gone = async () => (await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items.length
  await vi.waitFor(async () => expect(await gone()).toBe(0), { timeout: 60_000, interval: 500 })
  await expect(waitForJob('work', { namespace: namespace.name })).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
    hint: expect.stringContaining('ttlMs'),
  })
})

test.concurrent('a Job that somebody suspends stays so, and the wait says it, until somebody lifts it', async () => {
  await using namespace = await createNamespace()
  const at = { namespace: namespace.name, name: 'work' }
  const suspend = async (value: boolean): Promise<void> => {
    const body = [{ op: 'add', path: '/spec/suspend', value }]
    await namespace.batch.patchNamespacedJob({ ...at, body })
  }
  const stuck: StuckEvent[] = []
  const result = await runJob(shellJob({ namespace: namespace.name, ...HELD }), {
    startGraceMs: 5000,
    on: {
      progress: ({ ready }) => {
        if (ready === 1 && stuck.length === 0) void suspend(true)
      },
      stuck: (event) => {
        stuck.push(event)
        void letGo(namespace).then(() => suspend(false))
      },
    },
  })
  expect(result).toMatchObject({ succeeded: 1 })
  expect(stuck).toMatchObject([
    { reason: 'Suspended', message: expect.stringContaining('kubernetes-client-javascript') },
  ])
})
