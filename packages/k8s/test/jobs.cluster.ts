import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import {
  buildManifests,
  type JobCounts,
  JobFailedError,
  type JobSpec,
  K8sError,
  type PodFailure,
  RunIncompleteError,
  runJob,
  submitJob,
  toYaml,
  waitForJob,
} from '../src/index.ts'
import { gateTo } from './gate.ts'
import { createNamespace } from './namespace.ts'
import { shellJob } from './shell-job.ts'

const run = promisify(execFile)

const spec = shellJob

test.concurrent('a Job runs to its end, and tells what its pods print, each line once', async () => {
  await using namespace = await createNamespace()
  const printed: string[] = []
  const seen: JobCounts[] = []
  const result = await runJob(
    spec({
      items: 4,
      parallelism: 2,
      namespace: namespace.name,
      script: 'echo "begin $JOB_COMPLETION_INDEX"; sleep 1; echo end',
    }),
    { on: { podLog: ({ index, line }) => printed.push(`${index} ${line}`), progress: (counts) => seen.push(counts) } },
  )
  expect(result).toMatchObject({ name: 'work', namespace: namespace.name, completions: 4, succeeded: 4, failed: 0 })
  expect(printed.sort()).toEqual([0, 1, 2, 3].flatMap((index) => [`${index} begin ${index}`, `${index} end`]))
  expect(seen.at(-1)).toMatchObject({ succeeded: 4, active: 0 })
})

test.concurrent('kubectl shows the Job and where the address comes from, never the address', async () => {
  await using namespace = await createNamespace()
  const handle = await submitJob(spec({ namespace: namespace.name }))
  await handle.wait()
  const args = ['--namespace', namespace.name]
  const { stdout: job } = await run('kubectl', ['describe', 'job', 'work', ...args])
  expect(job).toContain('1 Succeeded')
  expect(job).toMatch(/BROKER_URL:\s+<set to the key 'url' in secret 'work-\w+'>/)
  const { stdout: all } = await run('kubectl', ['describe', 'jobs,pods,secrets,events', ...args])
  expect(all).not.toContain('geheim')
  const { stdout: yaml } = await run('kubectl', ['get', 'jobs,pods,events', '-o', 'yaml', ...args])
  expect(yaml).not.toContain('geheim')
})

test.concurrent('an image that does not exist ends the run with its name, after the grace', async () => {
  await using namespace = await createNamespace()
  const error = await runJob(spec({ namespace: namespace.name, image: 'nobody.invalid/no-such-image:1' }), {
    startGraceMs: 2000,
  }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(JobFailedError)
  expect(error).toMatchObject({
    code: 'IMAGE_UNAVAILABLE',
    message: expect.stringContaining('nobody.invalid/no-such-image:1'),
  })
  expect((await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items).toEqual([])
})

test.concurrent('an image name that cannot be one ends the run at once, whatever the grace', async () => {
  await using namespace = await createNamespace()
  const error = await runJob(spec({ namespace: namespace.name, image: 'Not/An:Image:Name' })).catch(
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({ code: 'IMAGE_UNAVAILABLE', job: { reason: 'InvalidImageName' } })
})

test.concurrent('a Secret that is missing is named', async () => {
  await using namespace = await createNamespace()
  const queue = { name: 'job1', urlFrom: { secret: 'no-such-secret', key: 'url' } }
  const error = await runJob(spec({ namespace: namespace.name, queue }), { startGraceMs: 2000 }).catch(
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({ code: 'CONFIG_MISSING', message: expect.stringContaining('no-such-secret') })
})

test.concurrent('a ServiceAccount that is missing is named', async () => {
  await using namespace = await createNamespace()
  const error = await runJob(spec({ namespace: namespace.name, serviceAccountName: 'nobody' }), {
    startGraceMs: 2000,
  }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'POD_REFUSED', message: expect.stringContaining('nobody') })
})

test.concurrent('a Job that fails says why, with exit codes and the ends of the logs, and its address without the password', async () => {
  await using namespace = await createNamespace()
  const failures: PodFailure[] = []
  const error = await runJob(
    spec({
      namespace: namespace.name,
      script: 'echo "connecting to $BROKER_URL"; echo "no such frame"; exit 3',
      template: (job) => {
        if (job.spec !== undefined) job.spec.backoffLimitPerIndex = 0
        return job
      },
    }),
    { on: { podFailed: (failure) => failures.push(failure) } },
  ).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(JobFailedError)
  expect(error).toBeInstanceOf(K8sError)
  expect(error).toMatchObject({
    code: 'JOB_FAILED',
    job: {
      reason: 'FailedIndexes',
      pods: [
        {
          index: 0,
          exitCode: 3,
          reason: 'Error',
          logTail: ['connecting to amqp://***@rabbitmq-service:5672', 'no such frame'],
        },
      ],
    },
  })
  expect(String((error as Error).message)).toContain('no such frame')
  expect(JSON.stringify(error)).not.toContain('geheim')
  expect(failures).toMatchObject([{ index: 0, exitCode: 3 }])
})

test.concurrent('a deadline ends the Job as failed, by that name', async () => {
  await using namespace = await createNamespace()
  const error = await runJob(
    spec({ namespace: namespace.name, script: 'trap exit TERM; sleep 600 & wait', deadlineMs: 2000 }),
  ).catch((caught: unknown) => caught)
  expect(error).toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('DeadlineExceeded'),
    hint: expect.stringContaining('deadlineMs'),
    job: { reason: 'DeadlineExceeded' },
  })
})

test.concurrent('one worker that says its configuration is wrong ends the run, with its words', async () => {
  await using namespace = await createNamespace()
  const script =
    'if [ $JOB_COMPLETION_INDEX = 1 ]; then echo "QUEUE is not a queue" > /dev/termination-log; exit 78; fi; trap exit TERM; sleep 600 & wait'
  const error = await runJob(spec({ namespace: namespace.name, items: 3, parallelism: 3, script })).catch(
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({
    code: 'WORKER_MISCONFIGURED',
    message: expect.stringContaining('QUEUE is not a queue'),
  })
  expect((await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items).toEqual([])
})

test.concurrent('a namespace that enforces restricted refuses the default with the option that helps, and takes that option', async () => {
  await using namespace = await createNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  const error = await runJob(spec({ namespace: namespace.name })).catch((caught: unknown) => caught)
  expect(error).toMatchObject({
    code: 'POD_REFUSED',
    message: expect.stringMatching(/violates PodSecurity "restricted:.*runAsNonRoot/),
    hint: expect.stringContaining("podSecurity 'restricted'"),
  })
  const lines: string[] = []
  const result = await runJob(
    spec({
      name: 'strict',
      namespace: namespace.name,
      podSecurity: 'restricted',
      script: 'id -u; id -g; echo $HOME; touch $HOME/x',
    }),
    { on: { podLog: ({ line }) => lines.push(line) } },
  )
  expect(result.succeeded).toBe(1)
  expect(lines).toEqual(['65532', '0', '/tmp'])
})

test.concurrent('an abort deletes the Job, its pods and its Secret', async ({ expect }) => {
  await using namespace = await createNamespace()
  const abort = new AbortController()
  const running = runJob(spec({ namespace: namespace.name, script: 'trap exit TERM; sleep 600 & wait' }), {
    signal: abort.signal,
    on: {
      progress: ({ ready }) => {
        if (ready === 1) abort.abort()
      },
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'deleted' } })
  const left = async () => {
    const jobs = await namespace.batch.listNamespacedJob({ namespace: namespace.name })
    const secrets = await namespace.core.listNamespacedSecret({ namespace: namespace.name })
    const pods = await namespace.core.listNamespacedPod({ namespace: namespace.name })
    return jobs.items.length + secrets.items.length + pods.items.length
  }
  await expect.poll(left, { timeout: 60_000, interval: 500 }).toBe(0)
})

test.concurrent('an abort suspends the Job, and the same run id takes it over without lifting that', async () => {
  await using namespace = await createNamespace()
  const abort = new AbortController()
  const running = runJob(spec({ namespace: namespace.name, script: 'trap exit TERM; sleep 600 & wait' }), {
    runId: 'first',
    onAbort: 'suspend',
    signal: abort.signal,
    on: {
      progress: ({ ready }) => {
        if (ready === 1) abort.abort()
      },
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED', details: { job: 'suspended' } })
  const handle = await submitJob(spec({ namespace: namespace.name, script: 'trap exit TERM; sleep 600 & wait' }), {
    runId: 'first',
  })
  const job = await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: 'work' })
  expect(job.metadata?.uid).toBe(handle.uid)
  expect(job.spec?.suspend).toBe(true)
  await handle.delete()
})

test.concurrent('the same work twice is two runs; while the first runs it is one; other work of that name is refused', async () => {
  await using namespace = await createNamespace()
  // Its pod starts when there is a ConfigMap, and ends at once.
  const env = { GO: { configMapKeyRef: { name: 'go', key: 'go' } } }
  const work = spec({ namespace: namespace.name, env })
  const first = await submitJob(work)
  const again = await submitJob(work)
  expect(again.uid).toBe(first.uid)
  await expect(submitJob({ ...work, args: ['x'] })).rejects.toMatchObject({ code: 'JOB_EXISTS' })
  await namespace.core.createNamespacedConfigMap({
    namespace: namespace.name,
    body: { metadata: { name: 'go' }, data: { go: 'yes' } },
  })
  await first.wait()
  const second = await runJob(work)
  expect(second.uid).not.toBe(first.uid)
  await expect(submitJob(work, { onFinished: 'fail' })).rejects.toMatchObject({ code: 'JOB_EXISTS' })
  expect((await submitJob(work, { onFinished: 'adopt' })).uid).toBe(second.uid)
})

test.concurrent('a Job that somebody deletes ends the wait', async () => {
  await using namespace = await createNamespace()
  const handle = await submitJob(spec({ namespace: namespace.name, script: 'trap exit TERM; sleep 600 & wait' }))
  const verdict = handle.wait().catch((error: unknown) => error)
  await namespace.batch.deleteNamespacedJob({
    namespace: namespace.name,
    name: 'work',
    propagationPolicy: 'Background',
  })
  expect(await verdict).toMatchObject({ code: 'JOB_DELETED' })
})

test.concurrent('a namespace or a Job that does not exist is said to be missing', async () => {
  await using namespace = await createNamespace()
  await expect(submitJob(spec({ namespace: 'podqueue-no-such' }))).rejects.toMatchObject({
    code: 'NAMESPACE_NOT_FOUND',
  })
  await expect(waitForJob('nothing', { namespace: namespace.name })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' })
})

test.concurrent('a wait outlives an API server that is gone for a while, and misses nothing', async () => {
  await using namespace = await createNamespace()
  await using gate = await gateTo(namespace.kubeConfig)
  const reconnected: unknown[] = []
  const lines: string[] = []
  const result = await runJob(
    spec({ namespace: namespace.name, script: 'for i in {1..40}; do echo $i; sleep 0.2; done' }),
    {
      kubeConfig: gate.kubeConfig,
      on: {
        reconnected: (event) => reconnected.push(event),
        podLog: ({ line }) => {
          lines.push(line)
          if (line !== '5') return
          gate.shut()
          setTimeout(() => gate.open(), 2000)
        },
      },
    },
  )
  expect(result.succeeded).toBe(1)
  expect(reconnected).toHaveLength(1)
  expect(lines).toEqual(Array.from({ length: 40 }, (_, index) => String(index + 1)))
})

test.concurrent('a missing right is named with the rule that gives it', async () => {
  await using namespace = await createNamespace()
  await namespace.core.createNamespacedServiceAccount({
    namespace: namespace.name,
    body: { metadata: { name: 'nobody' } },
  })
  const { status } = await namespace.core.createNamespacedServiceAccountToken({
    name: 'nobody',
    namespace: namespace.name,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  })
  const cluster = namespace.kubeConfig.getCurrentCluster()
  const kubeConfig = Object.assign(Object.create(Object.getPrototypeOf(namespace.kubeConfig)), namespace.kubeConfig)
  kubeConfig.loadFromClusterAndUser(cluster, { name: 'nobody', token: status?.token })
  await expect(submitJob(spec({ namespace: namespace.name }), { kubeConfig })).rejects.toMatchObject({
    code: 'FORBIDDEN',
    details: { verb: 'create', resource: 'jobs' },
    hint: expect.stringContaining('kubectl auth can-i create jobs.batch'),
  })
})

test.concurrent('items that are left in the queue make a complete Job an incomplete run', async () => {
  await using namespace = await createNamespace()
  const work = spec({ namespace: namespace.name })
  const three = async () => ({ ready: 3, consumers: 0, verified: true })
  const error = await runJob(work, { queue: { inspect: three } }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(RunIncompleteError)
  expect(error).toMatchObject({ code: 'ITEMS_LEFT', result: { succeeded: 1, leftover: 3 } })
  await expect(runJob(work, { queue: { inspect: three }, leftover: 'ignore' })).resolves.toMatchObject({ leftover: 3 })
})

/** Every combination of the options that shape a Job, each with the others at their defaults or at something else. */
function* combinations(): Generator<Partial<JobSpec>> {
  const queues: JobSpec['queue'][] = [
    { name: 'job1', podUrl: 'amqp://user:pass-geheim@rabbitmq-service:5672' },
    { name: 'job1', urlFrom: { secret: 'broker', key: 'url' } },
  ]
  for (const completionMode of ['Indexed', 'NonIndexed'] as const)
    for (const restartPolicy of ['Never', 'OnFailure'] as const)
      for (const podSecurity of ['baseline', 'restricted'] as const)
        for (const itemsPerPod of [1, 3, 'all'] as const)
          for (const queue of queues)
            for (const failFast of restartPolicy === 'Never' ? [false, true] : [false])
              for (const more of [{}, EVERYTHING_ELSE])
                yield { completionMode, restartPolicy, podSecurity, itemsPerPod, queue, failFast, ...more }
  yield { items: 1_000_000, parallelism: 100 }
  yield { items: 11, name: 'n'.repeat(60) }
}

const EVERYTHING_ELSE: Partial<JobSpec> = {
  args: ['$(QUEUE)'],
  env: { FRAME: '1', TOKEN: { secretKeyRef: { name: 'tokens', key: 'render', optional: true } } },
  resources: { requests: { cpu: '50m', memory: '16Mi' }, limits: { memory: '1Gi' } },
  volumes: [{ name: 'scratch', emptyDir: {} }],
  volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
  labels: { 'example.org/team': 'render' },
  annotations: { 'example.org/note': 'any text: of any kind' },
  serviceAccountName: 'default',
  serviceLinks: true,
  imagePullSecrets: ['registry'],
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'batch', operator: 'Exists' }],
  worker: { concurrency: 2, empty: 'wait', emptyCheckDelayMs: 1000, idleTimeoutMs: 60_000 },
  ttlMs: 60_000,
  deadlineMs: 3_600_000,
}

test.concurrent('kubectl apply takes the YAML of every combination of options', async () => {
  await using namespace = await createNamespace()
  const documents: string[] = []
  let jobs = 0
  for (const changes of combinations()) {
    const { job, secret } = buildManifests(
      spec({ name: `work-${jobs++}`, namespace: namespace.name, items: 10, parallelism: 4, ...changes }),
    )
    documents.push(toYaml(secret, job))
  }
  const applying = run('kubectl', ['apply', '--dry-run=server', '-f', '-'])
  applying.child.stdin?.end(documents.join('---\n'))
  const { stdout, stderr } = await applying
  expect(stderr).toBe('')
  expect(stdout.match(/^job.batch\/.* created \(server dry run\)$/gm)).toHaveLength(jobs)
})
