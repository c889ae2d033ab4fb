import { expect, test } from 'vitest'
import { buildJob, buildManifests, type JobSpec, K8sError, toYaml } from '../src/index.ts'

const spec: JobSpec = {
  name: 'job-wq-1',
  image: 'registry.example/worker:1',
  items: 8,
  parallelism: 2,
  queue: { name: 'job1', podUrl: 'amqp://user:geheim@rabbitmq-service:5672' },
}

function problemsOf(build: () => unknown): string[] {
  try {
    build()
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(K8sError)
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' })
    const { problems } = (error as K8sError).details as { problems: { path: string; message: string }[] }
    return problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

test("the tutorial's Job: a pod for each item, two at a time", () => {
  const job = buildJob(spec)
  expect(job).toMatchObject({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'job-wq-1' },
    spec: { completions: 8, parallelism: 2, completionMode: 'Indexed', ttlSecondsAfterFinished: 86_400 },
  })
  expect(job.spec?.template.spec?.containers[0]?.env).toEqual([
    { name: 'BROKER_URL', valueFrom: { secretKeyRef: { name: 'job-wq-1-broker', key: 'url' } } },
    { name: 'QUEUE', value: 'job1' },
    { name: 'PODQUEUE_ITEMS', value: '1' },
  ])
})

test.each([
  { itemsPerPod: 1, items: 8, parallelism: 2, completions: 8 },
  { itemsPerPod: 3, items: 8, parallelism: 2, completions: 3 },
  { itemsPerPod: 'all', items: 8, parallelism: 2, completions: 2 },
  { itemsPerPod: 'all', items: 3, parallelism: 10, completions: 3 },
] as const)('$items items, $itemsPerPod a pod, $parallelism at a time: $completions completions', (numbers) => {
  const { completions, ...rest } = numbers
  expect(buildJob({ ...spec, ...rest }).spec?.completions).toBe(completions)
})

test('a wrong string for itemsPerPod is told both right forms', () => {
  expect(problemsOf(() => buildJob({ ...spec, itemsPerPod: '3' as 'all' }))).toEqual([
    "itemsPerPod: must be a whole number of at least 1, or 'all'",
  ])
})

test('the address is in the Secret and nowhere else', () => {
  const { job, secret } = buildManifests(spec)
  expect(JSON.stringify(job)).not.toContain('geheim')
  expect(Buffer.from(secret?.data?.url ?? '', 'base64').toString()).toBe('amqp://user:geheim@rabbitmq-service:5672')
  expect(secret).toMatchObject({ immutable: true, metadata: { name: 'job-wq-1-broker' } })
})

test('a Secret that is there already is only referred to', () => {
  const { job, secret } = buildManifests({
    ...spec,
    queue: { name: 'job1', urlFrom: { secret: 'broker', key: 'address' } },
  })
  expect(secret).toBeUndefined()
  expect(job.spec?.template.spec?.containers[0]?.env?.[0]).toEqual({
    name: 'BROKER_URL',
    valueFrom: { secretKeyRef: { name: 'broker', key: 'address' } },
  })
})

test('pods that fail together delay each other only where that was asked for', () => {
  expect(buildJob(spec).spec).toMatchObject({ backoffLimitPerIndex: 1000 })
  expect(buildJob({ ...spec, completionMode: 'NonIndexed' }).spec).toMatchObject({
    completionMode: 'NonIndexed',
    backoffLimit: 1000,
  })
  const restarting = buildJob({ ...spec, restartPolicy: 'OnFailure' }).spec
  expect(restarting).toMatchObject({ backoffLimit: 1000, template: { spec: { restartPolicy: 'OnFailure' } } })
  expect(restarting).not.toHaveProperty('backoffLimitPerIndex')
})

test('the pods are hardened by default, and as their image has it otherwise', () => {
  const pod = buildJob(spec).spec?.template.spec
  expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false, restartPolicy: 'Never' })
  expect(pod?.securityContext).toEqual({ seccompProfile: { type: 'RuntimeDefault' } })
  expect(pod?.containers[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  })
})

test('restricted runs as nobody in particular, with a home that can be written', () => {
  const pod = buildJob({ ...spec, podSecurity: 'restricted' }).spec?.template.spec
  expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, runAsGroup: 0 })
  expect(pod?.containers[0]?.env).toContainEqual({ name: 'HOME', value: '/tmp' })
})

test('a template may change the Job in place and return nothing', () => {
  const job = buildJob({
    ...spec,
    template: (built) => {
      if (built.spec !== undefined) built.spec.backoffLimitPerIndex = 3
      return undefined
    },
  })
  expect(job.spec?.backoffLimitPerIndex).toBe(3)
  expect(job.metadata?.name).toBe('job-wq-1')
})

test.each<{ what: string; template: unknown; problem: RegExp }>([
  {
    what: 'throws',
    template: () => {
      throw new RangeError('no such zone')
    },
    problem: /^template: threw RangeError: no such zone$/,
  },
  { what: 'returns a promise', template: async (job: unknown) => job, problem: /^template: must leave a Job/ },
  { what: 'returns a string', template: () => 'job', problem: /^template: must leave a Job/ },
  {
    what: 'takes the name away',
    template: (job: object) => ({ ...job, metadata: { generateName: 'work-' } }),
    problem: /^template: must leave the Job a name/,
  },
  {
    what: 'puts in a bigint',
    template: (job: object) => ({ ...job, spec: { completions: 1n } }),
    problem: /^template: must leave plain data: spec.completions is a bigint/,
  },
  {
    what: 'makes the Job too large to be stored',
    template: (job: object) => ({ ...job, spec: { notes: 'x'.repeat(1_600_000) } }),
    problem: /^template: has 1600\d+ bytes as JSON.* at most 1572864/,
  },
])('a template that $what is refused with its reason', ({ template, problem }) => {
  const problems = problemsOf(() => buildJob({ ...spec, template: template as NonNullable<JobSpec['template']> }))
  expect(problems).toEqual([expect.stringMatching(problem)])
})

test('the template hook has the last word', () => {
  const job = buildJob({
    ...spec,
    template: (built) => ({ ...built, metadata: { ...built.metadata, labels: { team: 'render' } } }),
  })
  expect(job.metadata?.labels).toEqual({ team: 'render' })
})

test('all that is wrong is said at once, each with what would be right', () => {
  const wrong = {
    name: 'Job_WQ 1',
    image: '',
    items: 0,
    parallelism: 1.5,
    queue: { name: '', podUrl: 'http://user:geheim@host' },
    env: { QUEUE: 'other', PODQUEUE_ITEMS: '3', 'A B': 'x' },
    resources: { requests: { memory: '1gb', cpu: '2' }, limits: { cpu: '1' } },
    labels: { team: 'no spaces please' },
    annotations: { 'podqueue/run-id': 'x' },
    restartPolicy: 'Always',
  } as unknown as JobSpec
  const problems = problemsOf(() => buildJob(wrong))
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringContaining("'job-wq-1' would do"),
      expect.stringMatching(/^image:/),
      expect.stringMatching(/^items: .*from 1/),
      expect.stringMatching(/^parallelism:/),
      expect.stringMatching(/^queue.name:/),
      expect.stringMatching(/^queue.podUrl: .*amqp:/),
      expect.stringMatching(/^env.QUEUE: is set by podqueue/),
      expect.stringMatching(/^env.PODQUEUE_ITEMS: is set by podqueue/),
      expect.stringMatching(/^env \(a name that is not shown\): is not a name/),
      expect.stringContaining("did you mean '1Gi'?"),
      expect.stringContaining("'2' is more than the limit '1'"),
      expect.stringMatching(/^labels.team:/),
      expect.stringMatching(/^annotations.podqueue\/run-id:/),
      expect.stringMatching(/^restartPolicy:/),
    ]),
  )
  expect(problems.join()).not.toContain('geheim')
})

test('what is left out altogether is named, not stumbled over', () => {
  expect(problemsOf(() => buildJob({} as JobSpec)).map((line) => line.split(':')[0])).toEqual(
    expect.arrayContaining(['name', 'image', 'items', 'queue']),
  )
  expect(problemsOf(() => buildJob(undefined as unknown as JobSpec))).toHaveLength(1)
})

test.each([
  ['http://user:geheim@host', /must be an address/],
  ['user:geheim@host', /must be an address/],
  ['amqp://', /must be an address/],
  ['amqp://user:geheim@host:port', /must be an address/],
  ['amqp://user:ge#heim@host', /a # that is not escaped/],
  ['amqp://user:ge/heim@host', /a \/ that is not escaped/],
  ['amqp://user:12?heim@host', /a \? that is not escaped/],
  ['amqp://user:geheim@host/', /the vhost with the empty name/],
])('an address that no worker could use is refused before a pod has it: %s', (podUrl, problem) => {
  const problems = problemsOf(() => buildJob({ ...spec, queue: { name: 'job1', podUrl } }))
  expect(problems).toEqual([expect.stringMatching(problem)])
  expect(problems.join()).not.toMatch(/geheim|heim@/)
})

test.each(['amqp://host', 'amqps://user:p%23@host:5671/%2F', 'amqp://[::1]:5672/vhost?heartbeat=8'])(
  'an address that workers use is taken: %s',
  (podUrl) => {
    expect(problemsOf(() => buildJob({ ...spec, queue: { name: 'job1', podUrl } }))).toEqual([])
  },
)

test('an address that was given as a Secret by mistake is in no message', () => {
  for (const urlFrom of [
    { secret: 'amqp://app:geheim@rabbit', key: 'url' },
    { secret: 'broker', key: 'amqp://app:geheim@rabbit' },
  ]) {
    const problems = problemsOf(() => buildJob({ ...spec, queue: { name: 'job1', urlFrom } }))
    expect(problems).toEqual([expect.stringMatching(/^queue\.urlFrom\.(secret|key): must be the (name|key)/)])
    expect(problems.join()).not.toContain('geheim')
  }
  for (const changes of [
    { name: 'amqp://app:geheim@rabbit' },
    { serviceAccountName: 'amqp://app:geheim@rabbit' },
    { labels: { team: 'amqp://app:geheim@rabbit' } },
    { resources: { limits: { cpu: 'amqp://app:geheim@rabbit' } } },
  ]) {
    expect(problemsOf(() => buildJob({ ...spec, ...changes })).join()).not.toContain('geheim')
  }
})

test('a dollar sign in the name of a queue reaches the pods as it is', () => {
  const job = buildJob({ ...spec, queue: { ...spec.queue, name: 'pay$$day$(QUEUE)' } })
  const variables = job.spec?.template.spec?.containers[0]?.env
  expect(variables?.find(({ name }) => name === 'QUEUE')?.value).toBe('pay$$$$day$$(QUEUE)')
})

test('annotations have keys as Kubernetes takes them, which labels may not all have', () => {
  expect(problemsOf(() => buildJob({ ...spec, annotations: { 'Corp.IO/Key': 'x' } }))).toEqual([])
  expect(problemsOf(() => buildJob({ ...spec, labels: { 'Corp.IO/Key': 'x' } }))).toHaveLength(1)
  expect(problemsOf(() => buildJob({ ...spec, annotations: { 'corp..io/key': 'x' } }))).toHaveLength(1)
})

const cyclic: { name: string; self?: unknown } = { name: 'data' }
cyclic.self = cyclic

test.each<{ what: string; changes: object; path: string }>([
  { what: 'a volume that contains itself', changes: { volumes: [cyclic] }, path: 'volumes[0].self' },
  { what: 'a bigint', changes: { volumes: [{ name: 'data', size: 5n }] }, path: 'volumes[0].size' },
  { what: 'a function', changes: { tolerations: [{ key: () => 'x' }] }, path: 'tolerations[0].key' },
  { what: 'a symbol for a label', changes: { labels: { team: Symbol('x') } }, path: 'labels.team' },
  {
    what: 'an object without a prototype for a quantity',
    changes: { resources: { limits: { cpu: Object.create(null) } } },
    path: 'resources.limits.cpu',
  },
  { what: 'a source that contains itself', changes: { env: { A: cyclic } }, path: 'env.A.self' },
])('$what is named by its path', ({ changes, path }) => {
  const [problem, ...others] = problemsOf(() => buildJob({ ...spec, ...changes } as JobSpec))
  expect(problem?.slice(0, path.length + 1)).toBe(`${path}:`)
  expect(others).toEqual([])
})

test('YAML is not made of what JSON cannot hold, and the place is named', () => {
  expect(problemsOf(() => toYaml({ spec: { completions: 5n } }))).toEqual([
    'objects[0].spec.completions: is a bigint, which JSON does not have',
  ])
  expect(problemsOf(() => toYaml(undefined, cyclic))).toEqual(['objects[1].self: contains itself'])
})

test('what Kubernetes would refuse together is refused together', () => {
  expect(problemsOf(() => buildJob({ ...spec, failFast: true, restartPolicy: 'OnFailure' }))).toEqual([
    expect.stringMatching(/^failFast: needs restartPolicy 'Never'/),
  ])
  const queue = { name: 'q', podUrl: 'amqp://host', urlFrom: { secret: 's', key: 'k' } }
  expect(problemsOf(() => buildJob({ ...spec, queue }))).toEqual(['queue: must have podUrl or urlFrom, not both'])
})

const OPTIONS = [
  ...['name', 'namespace', 'image', 'items', 'itemsPerPod', 'parallelism', 'queue', 'worker', 'command', 'args', 'env'],
  ...['resources', 'volumes', 'volumeMounts', 'labels', 'annotations', 'serviceAccountName', 'imagePullPolicy'],
  ...['imagePullSecrets', 'nodeSelector', 'tolerations', 'podSecurity', 'serviceLinks', 'ttlMs', 'deadlineMs'],
  ...['completionMode', 'restartPolicy', 'failFast', 'template'],
]

test.each(OPTIONS)('whatever is given as %s, it is named, or taken: no call stumbles over it', (option) => {
  for (const value of [null, '', 'a b', 0, -1, Number.NaN, 7n, true, [], [null], {}, { a: null }, Symbol('s')]) {
    const problems = problemsOf(() => buildJob({ ...spec, [option]: value } as JobSpec))
    for (const problem of problems) expect(problem.startsWith(option)).toBe(true)
  }
  // Nothing that is asked for is of this kind.
  expect(problemsOf(() => buildJob({ ...spec, [option]: Symbol('s') } as JobSpec))).not.toEqual([])
})

test("a name that is too long for its pods' names is cut to one that is not", () => {
  const long = 'n'.repeat(62)
  expect(problemsOf(() => buildJob({ ...spec, name: long, completionMode: 'NonIndexed' }))).toEqual([])
  expect(problemsOf(() => buildJob({ ...spec, name: long, items: 11 }))).toEqual([
    `name: must have at most 60 characters here, not 62: '${'n'.repeat(60)}' would do`,
  ])
})

test('the YAML has a document for each object', () => {
  const { job, secret } = buildManifests(spec)
  const yaml = toYaml(secret, job, undefined)
  expect(yaml.split('---\n')).toHaveLength(2)
  expect(yaml).toContain('kind: Secret')
  expect(yaml).toContain('completions: 8')
})
