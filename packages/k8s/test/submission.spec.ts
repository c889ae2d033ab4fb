import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { BatchV1Api, CoreV1Api, setHeaderOptions, type V1Job } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type JobSpec, type KubeConfigLike, preflight, runJob, submitJob } from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'

let cluster: LocalCluster
let batch: BatchV1Api
let core: CoreV1Api
beforeAll(async () => {
  cluster = await startLocalCluster({ backoffScale: 0.01 })
  batch = cluster.kubeConfig.makeApiClient(BatchV1Api)
  core = cluster.kubeConfig.makeApiClient(CoreV1Api)
})
afterAll(() => cluster.close())

const namespace = 'default'

function spec(name: string, changes: Partial<JobSpec> = {}): JobSpec {
  return {
    name,
    image: 'any',
    command: ['sh', '-c', 'true'],
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://user:geheim@127.0.0.1' },
    ...changes,
  }
}

/** A kubeconfig whose requests pass a function first, which may wait, and change the body. */
function passing(before: (request: { method: string; path: string; body: unknown }) => unknown): {
  readonly kubeConfig: KubeConfigLike
  readonly requests: string[]
} {
  const requests: string[] = []
  const { kubeConfig } = cluster
  const passed = (dispatcher: Dispatcher): Dispatcher => {
    const request = async (options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> => {
      const { method, path } = options
      requests.push(`${method} ${path}`)
      const body: unknown = typeof options.body === 'string' ? JSON.parse(options.body) : undefined
      const changed = (await before({ method, path, body })) ?? body
      return dispatcher.request(changed === undefined ? options : { ...options, body: JSON.stringify(changed) })
    }
    return new Proxy(dispatcher, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        return name === 'request' ? request : typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return {
    requests,
    kubeConfig: {
      getCurrentContext: () => kubeConfig.getCurrentContext(),
      getContextObject: (name) => kubeConfig.getContextObject(name),
      getCurrentCluster: () => kubeConfig.getCurrentCluster(),
      applySecurityAuthentication: (context) =>
        (kubeConfig as KubeConfigLike).applySecurityAuthentication({
          setHeaderParam: (name, value) => context.setHeaderParam(name, value),
          setDispatcher: (dispatcher) => context.setDispatcher(passed(dispatcher as Dispatcher)),
        }),
    },
  }
}

const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => Promise.reject(new Error('it resolved')),
    (error: unknown) => error,
  )

const resume = (name: string): Promise<unknown> =>
  batch.patchNamespacedJob(
    { namespace, name, body: { spec: { suspend: false } } },
    setHeaderOptions('Content-Type', 'application/merge-patch+json'),
  )

test.each([true, false])(
  'a suspension that an admission webhook wants is never lifted, and the Secret is there (preflight: %s)',
  async (looks) => {
    // As Kueue's webhook does to a Job of one of its queues.
    const admission = passing(({ method, path, body }) =>
      method === 'POST' && /\/jobs(\?|$)/.test(path)
        ? { ...(body as V1Job), spec: { ...(body as V1Job).spec, suspend: true } }
        : undefined,
    )
    const { kubeConfig } = admission
    const name = `webhook-${looks}`
    expect(await preflight(spec(name), { kubeConfig })).toMatchObject({ problems: [], suspended: true })
    const suspended = Promise.withResolvers<void>()
    const running = runJob(spec(name), {
      kubeConfig,
      preflight: looks,
      on: { stuck: ({ reason }) => reason === 'Suspended' && suspended.resolve() },
    })
    await Promise.race([suspended.promise, running])
    const job = await batch.readNamespacedJob({ namespace, name })
    expect(job.spec?.suspend).toBe(true)
    expect(Object.keys(job.metadata?.annotations ?? {})).not.toContain('podqueue/awaiting-secret')
    expect((await core.listNamespacedPod({ namespace, labelSelector: `job-name=${name}` })).items).toEqual([])
    await resume(name)
    await expect(running).resolves.toMatchObject({ succeeded: 1 })
  },
)

test('a suspension of podqueue alone ends when the Secret is there', async () => {
  expect(await preflight(spec('own'), { kubeConfig: cluster.kubeConfig })).toMatchObject({ suspended: false })
  await expect(runJob(spec('own'), { kubeConfig: cluster.kubeConfig })).resolves.toMatchObject({ succeeded: 1 })
})

test('the name that a template gives is the name of the Job, also when it is run again', async () => {
  const folder = await mkdtemp(`${tmpdir()}/podqueue-test-`)
  onTestFinished(() => rm(folder, { recursive: true }))
  const through = passing(() => undefined)
  const renamed = spec('before', {
    command: ['sh', '-c', `until test -e ${folder}/go; do sleep 0.1; done`],
    template: (job) => {
      if (job.metadata !== undefined) job.metadata.name = 'after'
      return undefined
    },
  })
  const first = await submitJob(renamed, { kubeConfig: through.kubeConfig })
  const second = await submitJob(renamed, { kubeConfig: through.kubeConfig })
  expect([first.name, second.name]).toEqual(['after', 'after'])
  expect(second.uid).toBe(first.uid)
  await writeFile(`${folder}/go`, '')
  await expect(second.wait()).resolves.toMatchObject({ name: 'after', succeeded: 1 })
  const third = await runJob(renamed, { kubeConfig: through.kubeConfig })
  expect(third.uid).not.toBe(first.uid)
  expect(through.requests.length).toBeLessThan(60)
})

test('a Job that is deleted and held by a finalizer ends the call with its name, after the grace', async () => {
  const held = spec('held', {
    template: (job) => {
      if (job.metadata !== undefined) job.metadata.finalizers = ['example.com/keep']
      return undefined
    },
  })
  const { kubeConfig } = cluster
  const handle = await submitJob(held, { kubeConfig })
  await handle.delete()
  try {
    const error = await errorOf(runJob(spec('held'), { kubeConfig, startGraceMs: 500 }))
    expect(error).toMatchObject({
      code: 'JOB_EXISTS',
      message: expect.stringMatching(/has been deleted and is still there.*example\.com\/keep/),
      details: { name: 'held', finalizers: ['example.com/keep'] },
    })
  } finally {
    await batch.patchNamespacedJob(
      { namespace, name: 'held', body: { metadata: { finalizers: null } } },
      setHeaderOptions('Content-Type', 'application/merge-patch+json'),
    )
  }
})

test('a handle deletes the Job that it is for, and no other that has its name by now', async () => {
  const { kubeConfig } = cluster
  const lasting = spec('replaced', { command: ['sh', '-c', 'sleep 600'] })
  const first = await submitJob(lasting, { kubeConfig })
  await first.delete()
  const second = await submitJob(lasting, { kubeConfig, runId: 'second' })
  expect(second.uid).not.toBe(first.uid)
  await first.delete()
  const { metadata } = await batch.readNamespacedJob({ namespace, name: 'replaced' })
  expect(metadata).toMatchObject({ uid: second.uid })
  expect(metadata?.deletionTimestamp).toBeUndefined()
  await second.delete()
})

test('another Job that took the name before the start is not started, although it looks the same', async () => {
  let other: V1Job | undefined
  const through = passing(async ({ method, path }) => {
    if (method !== 'POST' || !path.endsWith('/secrets')) return
    const { metadata, spec: made } = await batch.readNamespacedJob({ namespace, name: 'taken' })
    const { annotations, labels } = metadata ?? {}
    await batch.deleteNamespacedJob({ namespace, name: 'taken', propagationPolicy: 'Background' })
    const { selector: _, ...rest } = made ?? { template: {} }
    const template = { spec: rest.template.spec ?? { containers: [] } }
    const body = { metadata: { name: 'taken', annotations, labels }, spec: { ...rest, template, suspend: true } }
    other = await batch.createNamespacedJob({ namespace, body: body as V1Job })
  })
  const error = await errorOf(submitJob(spec('taken'), { kubeConfig: through.kubeConfig }))
  expect(error).toMatchObject({ code: 'JOB_REJECTED' })
  const now = await batch.readNamespacedJob({ namespace, name: 'taken' })
  expect(now.metadata?.uid).toBe(other?.metadata?.uid)
  expect(now.spec?.suspend).toBe(true)
})

test('a queue whose name has dollar signs reaches the program as it is', async () => {
  const lines: string[] = []
  const queue = { name: 'pay$$day$(HOME)', podUrl: 'amqp://127.0.0.1' }
  const printing = spec('dollars', { queue, command: ['sh', '-c', 'printf "%s\\n" "$QUEUE"'] })
  await runJob(printing, { kubeConfig: cluster.kubeConfig, on: { podLog: ({ line }) => lines.push(line) } })
  expect(lines).toEqual(['pay$$day$(HOME)'])
})

test('a signal of a polyfill, with no more than its two members, ends calls as one of Node does', async () => {
  const { kubeConfig } = cluster
  const listeners: (() => void)[] = []
  const signal = {
    aborted: false,
    addEventListener: (_: 'abort', listener: () => void) => void listeners.push(listener),
  }
  const options = { kubeConfig, signal: signal as unknown as AbortSignal }
  expect(await preflight(spec('polyfill'), options)).toMatchObject({ problems: [] })
  const handle = await submitJob(spec('polyfill', { command: ['sh', '-c', 'sleep 600'] }), options)
  const waiting = errorOf(handle.wait({ signal: options.signal, onAbort: 'delete' }))
  for (const listener of listeners) listener()
  expect(await waiting).toMatchObject({ code: 'ABORTED' })
  expect(await errorOf(preflight(spec('polyfill'), options))).toMatchObject({ code: 'ABORTED' })
})
