import { PassThrough } from 'node:stream'
import {
  buildJob,
  buildManifests,
  createJobClient,
  preflight,
  runJob,
  submitJob,
  toYaml,
  waitForJob,
} from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { showProgress } from '@podqueue/k8s/progress'
import { renderTimeline } from '@podqueue/k8s/report'
import fc from 'fast-check'
import { call } from '../call.ts'
import { answers } from '../garbage-api.ts'
import { arrayOf, type Given, given, objectOf, objectWith, plain } from '../given.ts'
import { listener, mostly, odd, seldom } from '../odd-values.ts'
import { PASSWORD, TOKEN } from '../secrets.ts'
import type { Servers, Target } from '../target.ts'

/** Mostly of the right form, with right and odd values within. */
const rare = (right: fc.Arbitrary<Given>): fc.Arbitrary<Given> =>
  fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: odd })

const labels = rare(objectOf({ a: mostly('b'), 'app.kubernetes.io/name': mostly('x'), '-bad-': odd }))
const queue = fc.oneof(
  objectWith({ name: mostly('q') }, { podUrl: mostly(`amqp://app:${PASSWORD}@rabbit`), urlFrom: odd, unknown: seldom }),
  objectWith(
    { name: mostly('q') },
    { urlFrom: objectOf({ secret: mostly('s', `amqp://app:${PASSWORD}@rabbit`), key: mostly('url') }) },
  ),
  seldom,
)
const specFields = {
  namespace: mostly('default'),
  itemsPerPod: mostly(1, 2, 'all'),
  parallelism: mostly(1, 3),
  worker: fc.oneof(
    objectOf({
      concurrency: mostly(1),
      empty: mostly('exit'),
      emptyCheckDelayMs: mostly(1),
      idleTimeoutMs: mostly(30_000),
    }),
    odd,
  ),
  command: rare(arrayOf(mostly('node'), 3)),
  args: rare(arrayOf(mostly('x.js'), 3)),
  env: fc.oneof(
    objectOf({
      A: mostly('1'),
      B: rare(objectOf({ secretKeyRef: odd })),
      QUEUE: seldom,
      [`amqp://${PASSWORD}`]: odd,
    }),
    odd,
  ),
  resources: fc.oneof(
    objectOf({ requests: objectOf({ cpu: mostly('1', '100m'), memory: mostly('1Gi') }), limits: seldom }),
    odd,
  ),
  volumes: rare(arrayOf(fc.oneof(objectOf({ name: mostly('v'), emptyDir: mostly({}) }), odd), 2)),
  volumeMounts: rare(arrayOf(fc.oneof(objectOf({ name: mostly('v'), mountPath: mostly('/v') }), odd), 2)),
  labels,
  annotations: labels,
  nodeSelector: labels,
  serviceAccountName: mostly('default'),
  imagePullPolicy: mostly('Always'),
  imagePullSecrets: rare(arrayOf(mostly('s'), 2)),
  tolerations: rare(arrayOf(odd, 2)),
  podSecurity: mostly('baseline', 'restricted'),
  serviceLinks: mostly(true),
  ttlMs: mostly(1_000),
  deadlineMs: mostly(1_000),
  completionMode: mostly('Indexed', 'NonIndexed'),
  restartPolicy: mostly('Never', 'OnFailure'),
  failFast: mostly(true),
  template: mostly(given('(job) => job', () => (job: unknown) => job)),
  unknown: seldom,
}
const right = { name: plain('job'), image: plain('worker:1'), items: plain(3) }
const exact = { name: fc.constant(right.name), image: fc.constant(right.image), items: fc.constant(right.items) }
const rightSpec = objectWith({
  ...exact,
  queue: fc.constant(
    given("{ name: 'q', podUrl: <address> }", () => ({ name: 'q', podUrl: `amqp://app:${PASSWORD}@rabbit` })),
  ),
})
const spec = fc.oneof(
  {
    weight: 9,
    arbitrary: objectWith({ name: mostly('job'), image: mostly('worker:1'), items: mostly(3), queue }, specFields),
  },
  { weight: 1, arbitrary: odd },
)

/** The pure calls: a spec becomes objects and YAML. */
export const specs: Target = {
  name: 'buildJob, buildManifests, toYaml',
  runs: 500,
  property: fc.asyncProperty(spec, odd, async (one, other) => {
    const job = await call('buildJob', [one.make()], buildJob as never, { ownCause: true })
    await call('buildManifests', [one.make()], buildManifests as never, { ownCause: true })
    await call('toYaml', [job, other.make()], toYaml as never)
  }),
}

export const views: Target = {
  name: 'showProgress',
  runs: 100,
  property: fc.asyncProperty(
    objectWith(
      { stream: fc.oneof(fc.constant(given('a stream', () => new PassThrough().resume())), odd) },
      { live: mostly(true), color: mostly(true), logs: mostly(false), unknown: seldom },
    ),
    odd,
    async (options, value) => {
      const view = (await call('showProgress', [options.make()], showProgress as never)) as
        | ReturnType<typeof showProgress>
        | undefined
      if (view === undefined) return
      view.line(`a line of \x1b[31m the app`)
      view.end()
      await call('showProgress', [value.make()], ((odd: never) => showProgress(odd).end()) as never)
    },
  ),
}

const text = mostly('x', '2026-01-02T03:04:05Z', `amqp://app:${PASSWORD}@rabbit`, '</title><script>')
const count = mostly(0, 1, 3)
const picturedPod = objectWith(
  { name: text, sweep: count, createdAt: text, outcome: mostly('succeeded', 'failed', 'lost', 'running') },
  { node: text, index: count, startedAt: text, finishedAt: text, exitCode: count, reason: text, message: text },
)
const picturedJob = objectWith(
  {
    name: text,
    namespace: text,
    sweep: count,
    outcome: mostly('complete', 'failed'),
    completions: count,
    parallelism: count,
    succeeded: count,
    failed: count,
    podsMissing: count,
  },
  { startedAt: text, endedAt: text, reason: text },
)
const timeline = objectWith(
  {
    jobs: rare(arrayOf(picturedJob, 3)),
    pods: rare(arrayOf(picturedPod, 5)),
    items: rare(arrayOf(objectWith({ at: text, ready: count, consumers: count }, { deadLetters: count }), 5)),
    events: rare(arrayOf(objectWith({ at: text, reason: text, message: text }, {}), 2)),
  },
  { sampledFrom: count, itemsAtStart: count, unreadable: text },
)

/** Pictures of timelines that may come from anywhere. */
export const pictures: Target = {
  name: 'renderTimeline',
  runs: 100,
  property: fc.asyncProperty(
    fc.oneof({ weight: 9, arbitrary: objectWith({ timeline: rare(timeline) }, {}) }, { weight: 1, arbitrary: odd }),
    objectOf({
      format: mostly('svg', 'html'),
      theme: mostly('dark'),
      width: mostly(400),
      title: text,
      unknown: seldom,
    }),
    async (run, options) => {
      await call('renderTimeline', [run.make(), options.make()], renderTimeline as never)
    },
  ),
}

/** Every option at once would start a cluster; only what is refused is quick, so one wrong option is always there. */
export const clusterOptions: Target = {
  name: 'startLocalCluster',
  runs: 50,
  property: fc.asyncProperty(
    objectWith(
      { unknown: fc.constant(plain(1)) },
      { images: odd, faults: odd, inheritEnv: odd, kubernetesVersion: odd, port: odd },
    ),
    async (options) => {
      await call('startLocalCluster', [options.make()], startLocalCluster as never)
    },
  ),
}

function kubeConfig(server: string): object {
  return {
    getCurrentContext: () => 'fuzz',
    getContextObject: () => ({ namespace: 'default' }),
    getCurrentCluster: () => ({ server }),
    applySecurityAuthentication: async (context: { setHeaderParam(name: string, value: string): void }) => {
      context.setHeaderParam('Authorization', `Bearer ${TOKEN}`)
    },
  }
}

const on = objectOf({
  progress: listener,
  decided: listener,
  stuck: listener,
  podFailed: listener,
  podLog: listener,
  reconnected: listener,
})
const calling = {
  on,
  runId: mostly('run-1'),
  onFinished: mostly('replace', 'fail', 'adopt'),
  onAbort: mostly('delete', 'leave', 'suspend'),
  preflight: mostly(true, false),
  crashLoop: mostly('fail'),
  timeline: mostly(true, false),
  queue: fc.oneof(
    objectWith(
      {
        inspect: mostly(
          given('() => a reading', () => async () => ({ ready: 0, consumers: 0, verified: true, deadLetters: 0 })),
          given('() => rejects', () => async () => Promise.reject(Object.create(null))),
          given('() => nothing', () => async () => undefined),
        ),
      },
      { name: mostly('q') },
    ),
    odd,
  ),
}

/** Calls to an API server that answers anything: each ends by its signal at the latest. */
export function garbage({ api }: Servers): Target {
  const LIMIT_MS = 400
  const options = (more: object): Given =>
    given(`{ ...${JSON.stringify(more)} }`, () => ({
      ...more,
      kubeConfig: kubeConfig(api.url),
      signal: AbortSignal.timeout(LIMIT_MS),
    }))
  const waiting = { unreachableMs: 100, startGraceMs: 50, scheduleGraceMs: 50, silenceMs: 50 }
  return {
    name: 'an API server of garbage',
    runs: 12,
    property: fc.asyncProperty(
      answers,
      rightSpec,
      objectOf(calling),
      fc.constantFrom('submitJob', 'waitForJob', 'runJob', 'preflight', 'createJobClient'),
      async (playing, one, more, name) => {
        api.play(playing)
        const { on: _, ...own } = more.make() as Record<string, unknown>
        const all = (names: readonly string[]): Record<string, unknown> => ({
          ...(options({}).make() as object),
          ...Object.fromEntries(Object.entries(more.make() as object).filter(([option]) => names.includes(option))),
        })
        const waits = ['on', 'onAbort', 'crashLoop', 'timeline']
        const submits = ['runId', 'onFinished']
        if (name === 'submitJob') await call(name, [one.make(), all(submits)], submitJob as never)
        if (name === 'waitForJob') await call(name, ['job', { ...all(waits), ...waiting }], waitForJob as never)
        if (name === 'preflight') await call(name, [one.make(), all([])], preflight as never)
        if (name === 'runJob') {
          await call(
            name,
            [one.make(), { ...all([...waits, ...submits, 'preflight', 'queue']), ...waiting, countTimeoutMs: 50 }],
            runJob as never,
            {
              ownCause: own.queue !== undefined,
            },
          )
        }
        if (name === 'createJobClient') {
          const client = createJobClient({ kubeConfig: kubeConfig(api.url) as never })
          await call(
            'client.preflight',
            [one.make(), { signal: AbortSignal.timeout(LIMIT_MS) }],
            client.preflight as never,
          )
          await call('client.close', [], client.close as never)
        }
      },
    ),
  }
}

/** Options of every kind for the calls that talk to a cluster: refused before anything is sent, or the port has no server. */
export const clientOptions: Target = {
  name: 'options of k8s calls',
  runs: 60,
  property: fc.asyncProperty(
    spec,
    objectOf({
      ...calling,
      namespace: mostly('default'),
      startGraceMs: mostly(1),
      unreachableMs: mostly(1),
      signal: odd,
      unknown: seldom,
    }),
    mostly('job', { name: 'job' }),
    async (one, more, job) => {
      const api = { kubeConfig: kubeConfig('http://127.0.0.1:1') }
      const options = (): object => ({ unreachableMs: 1, ...api, ...(more.make() as object), unknown: 1 })
      await call('submitJob', [one.make(), options()], submitJob as never)
      await call('waitForJob', [job.make(), options()], waitForJob as never)
      await call('runJob', [one.make(), options()], runJob as never)
      await call('preflight', [one.make(), options()], preflight as never)
      await call('createJobClient', [more.make()], createJobClient as never)
    },
  ),
}
