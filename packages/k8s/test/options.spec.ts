import { refusal as refusalOf } from '@internal/testing/refusal'
import { describe, expect, test } from 'vitest'
import * as k8s from '../src/index.ts'
import {
  buildJob,
  buildManifests,
  createJobClient,
  type JobSpec,
  K8sError,
  type KubeConfigLike,
  preflight,
  runJob,
  submitJob,
  waitForJob,
} from '../src/index.ts'
import * as local from '../src/local.ts'
import { startLocalCluster } from '../src/local.ts'
import * as progress from '../src/progress/index.ts'
import { showProgress } from '../src/progress/index.ts'
import { createJobHandle } from '../src/submit/job-handle.ts'

let asked = 0
const kubeConfig: KubeConfigLike = {
  getCurrentContext: () => 'here',
  getContextObject: () => null,
  getCurrentCluster: () => ({ server: 'https://127.0.0.1:1' }),
  applySecurityAuthentication: async () => {
    asked += 1
  },
}

/** A call that is not refused ends by it, before anything is asked of a cluster. */
const signal = AbortSignal.abort()
const given = { kubeConfig, signal }
const spec: JobSpec = {
  name: 'job',
  image: 'worker:1',
  items: 1,
  queue: { name: 'job1', podUrl: 'amqp://user:s3cret@rabbitmq:5672' },
}
const client = createJobClient({ kubeConfig })
const metadata = { name: 'job', namespace: 'default', uid: 'uid' }
const handle = createJobHandle({} as never, { metadata } as never)

interface Call {
  readonly call: (options: never) => unknown
  /** One that it takes, and its type does not let be so. */
  readonly wrong: Readonly<Record<string, unknown>>
  /** One that it takes, misspelt. */
  readonly misspelt: readonly [typed: string, meant: string]
  readonly valid?: object
  /** The name of the object in the message when it is not an object. Default: options. */
  readonly called?: string
  /** For an object of options within others: where it is. */
  readonly within?: string
}

/** The calls on a cluster, which a client has as well. */
const RUNS = {
  submitJob: { wrong: { onFinished: 'stop' }, misspelt: ['runid', 'runId'] },
  waitForJob: { wrong: { startGraceMs: -1 }, misspelt: ['onAbrt', 'onAbort'] },
  runJob: { wrong: { preflight: 'no' }, misspelt: ['deadLetered', 'deadLettered'] },
  preflight: { wrong: { forceDeleteLost: 1 }, misspelt: ['singal', 'signal'] },
} as const

/** Every function of the package that takes options, and every object of options within those. */
const CALLS: Readonly<Record<string, Call>> = {
  submitJob: { call: (o) => submitJob(spec, o), ...RUNS.submitJob, valid: given },
  waitForJob: { call: (o) => waitForJob('job', o), ...RUNS.waitForJob, valid: given },
  runJob: { call: (o) => runJob(spec, o), ...RUNS.runJob, valid: given },
  preflight: { call: (o) => preflight(spec, o), ...RUNS.preflight, valid: given },
  createJobClient: {
    call: (o) => createJobClient(o),
    wrong: { namespace: 'No' },
    misspelt: ['kubConfig', 'kubeConfig'],
  },
  'submitJob of a client': { call: (o) => client.submitJob(spec, o), ...RUNS.submitJob, valid: { signal } },
  'waitForJob of a client': { call: (o) => client.waitForJob('job', o), ...RUNS.waitForJob, valid: { signal } },
  'runJob of a client': { call: (o) => client.runJob(spec, o), ...RUNS.runJob, valid: { signal } },
  'preflight of a client': { call: (o) => client.preflight(spec, o), ...RUNS.preflight, valid: { signal } },
  'wait of a handle': { call: (o) => handle.wait(o), ...RUNS.waitForJob, valid: { signal } },
  'delete of a handle': {
    call: (o) => handle.delete(o),
    wrong: { signal: 1 },
    misspelt: ['sinal', 'signal'],
    valid: { signal },
  },
  'logs of a handle': {
    call: (o) => void handle.logs(o),
    wrong: { follow: 'yes' },
    misspelt: ['folow', 'follow'],
    valid: { signal },
  },
  startLocalCluster: { call: (o) => startLocalCluster(o), wrong: { cwd: '' }, misspelt: ['image', 'images'] },
  showProgress: { call: (o) => showProgress(o), wrong: { live: 'yes' }, misspelt: ['colour', 'color'] },
  buildJob: {
    call: (o) => buildJob(o),
    wrong: { parallelism: 0 },
    misspelt: ['paralelism', 'parallelism'],
    valid: spec,
    called: 'spec',
  },
  buildManifests: {
    call: (o) => buildManifests(o),
    wrong: { failFast: 'yes' },
    misspelt: ['itemPerPod', 'itemsPerPod'],
    valid: spec,
    called: 'spec',
  },
  'the spec of submitJob': {
    call: (o) => submitJob(o, given),
    wrong: { command: 'node' },
    misspelt: ['lables', 'labels'],
    valid: spec,
    called: 'spec',
  },
  'the spec of runJob': {
    call: (o) => runJob(o, given),
    wrong: { deadlineMs: 1 },
    misspelt: ['ttlMS', 'ttlMs'],
    valid: spec,
    called: 'spec',
  },
  'the queue of a spec': {
    call: (queue) => buildJob({ ...spec, queue }),
    wrong: { name: '' },
    misspelt: ['podurl', 'podUrl'],
    valid: spec.queue,
    within: 'queue',
  },
  'the Secret of a queue': {
    call: (urlFrom) => buildJob({ ...spec, queue: { name: 'job1', urlFrom } }),
    wrong: { key: 1 },
    misspelt: ['secrets', 'secret'],
    valid: { secret: 'broker', key: 'url' },
    within: 'queue.urlFrom',
  },
  'the worker of a spec': {
    call: (worker) => buildJob({ ...spec, worker }),
    wrong: { empty: 'perhaps' },
    misspelt: ['concurency', 'concurrency'],
    within: 'worker',
  },
  'the resources of a spec': {
    call: (resources) => buildJob({ ...spec, resources }),
    wrong: { requests: 1 },
    misspelt: ['limit', 'limits'],
    within: 'resources',
  },
  'the listeners of a run': {
    call: (on) => runJob(spec, { ...given, on }),
    wrong: { stuck: 'yes' },
    misspelt: ['podfailed', 'podFailed'],
    within: 'on',
  },
  'a fault of a local cluster': {
    call: (fault) => startLocalCluster({ faults: [fault] }),
    wrong: { nth: 0 },
    misspelt: ['tims', 'times'],
    valid: { do: { status: 503 } },
    within: 'faults[0]',
  },
  'the requests of a fault': {
    call: (match) => startLocalCluster({ faults: [{ match, do: { status: 503 } }] }),
    wrong: { verb: 'post' },
    misspelt: ['resorce', 'resource'],
    within: 'faults[0].match',
  },
  'the action of a fault': {
    call: (action) => startLocalCluster({ faults: [{ do: action }] }),
    wrong: { afterEvents: 1 },
    misspelt: ['retryAfterSecond', 'retryAfterSeconds'],
    valid: { status: 503 },
    within: 'faults[0].do',
  },
}

const refusal = (call: () => unknown) => refusalOf(K8sError, call)

test('every function of the package is held to what follows', () => {
  const isFunction = ([, value]: [string, unknown]): boolean =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
  const functions = Object.entries({ ...k8s, ...local, ...progress }).filter(isFunction)
  const { toYaml: _, ...withOptions } = Object.fromEntries(functions)
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining(Object.keys(withOptions)))
})

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  const { wrong, misspelt, valid = {}, within, called = within ?? 'options' } = call
  const [typed, meant] = misspelt
  const path = (name: string): string => (within === undefined ? name : `${within}.${name}`)

  test('refuses an option that it does not know, and says which was meant', async () => {
    const problems = await refusal(() => call.call({ ...valid, [typed]: 1 } as never))
    expect(problems).toEqual({ [path(typed)]: `is not known: did you mean ${meant}?` })
  })

  test('says which options there are where none is near', async () => {
    const problems = await refusal(() => call.call({ ...valid, flavour: 'sweet' } as never))
    expect(problems[path('flavour')]).toMatch(/^is not known: there are /)
    expect(problems[path('flavour')]).toContain(meant)
  })

  test.each([null, [], 'options', 7])('refuses %o instead of options', async (none) => {
    const problems = await refusal(() => call.call(none as never))
    expect(problems).toHaveProperty([called])
  })

  test('names all that is wrong at once', async () => {
    const problems = await refusal(() => call.call({ ...valid, ...wrong, [typed]: 1, flavour: 'sweet' } as never))
    expect(Object.keys(problems).toSorted()).toEqual([...Object.keys(wrong), typed, 'flavour'].map(path).toSorted())
  })

  test('takes an option that is undefined for one that is not there', async () => {
    const ended = (async () => call.call({ ...valid, flavour: undefined } as never))()
    const error = await ended.then(
      (value) => (value as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.(),
      (reason: K8sError) => reason,
    )
    expect(error?.code).not.toBe('INVALID_OPTIONS')
  })
})

test('a Job to wait for is known by its name, and may be whatever has one', async () => {
  for (const none of [null, [], 7, { metadata: { name: 'job' } }]) {
    expect(await refusal(() => waitForJob(none as never, given))).toHaveProperty(['job.name'])
  }
  expect(await refusal(() => waitForJob({ name: 'job', uid: 1, namespace: 'No' } as never, given))).toEqual({
    'job.uid': expect.any(String),
    'job.namespace': expect.any(String),
  })
  await expect(waitForJob(handle, given)).rejects.toMatchObject({ code: 'ABORTED' })
})

test('a call of a client does not take what is of the client', async () => {
  expect(await refusal(() => client.submitJob(spec, { kubeConfig, namespace: 'other' } as object))).toEqual({
    kubeConfig: expect.stringMatching(/createJobClient/),
    namespace: expect.stringMatching(/createJobClient/),
  })
})

test('nothing was asked of a cluster by a call that is refused', () => {
  expect(asked).toBe(0)
})
