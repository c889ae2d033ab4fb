import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../src/objects/objects.ts'
import { conditionOf, JOBS, SECRETS, shell, TestCluster } from './api-client.ts'

const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' }
const MERGE = { 'content-type': 'application/merge-patch+json' }
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

const namesOf = ({ items }: { items: Job[] }) => items.map(({ metadata }) => metadata.name)

describe('a strategic merge patch', () => {
  const patch = (name: string, body: object) => cluster.call('PATCH', `${JOBS}/${name}`, body, STRATEGIC)

  it('finds containers, variables and volumes by their keys, and keeps what it does not name', async () => {
    const volumes = [{ name: 'v', emptyDir: {} }]
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]
    await cluster.createJob(
      'merged',
      { suspend: true },
      { volumes, containers: [{ name: 'main', image: 'any', command: ['true'], env }] },
    )
    const { status, body } = await patch('merged', {
      metadata: { annotations: { note: 'again' } },
      spec: {
        parallelism: 3,
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'main' }],
            containers: [
              {
                name: 'main',
                '$setElementOrder/env': [{ name: 'A' }, { name: 'B' }],
                env: [{ name: 'B', value: '2' }],
              },
            ],
            volumes: [{ name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {} }],
          },
        },
      },
    })
    expect(status).toBe(200)
    expect(body.metadata).toMatchObject({ generation: 2, annotations: { note: 'again' } })
    expect(body.spec.parallelism).toBe(3)
    expect(body.spec.template.spec.containers).toMatchObject([{ name: 'main', command: ['true'], env }])
  })

  it.each([
    ['another image', { name: 'main', image: 'other' }],
    ['a further variable', { name: 'main', env: [{ name: 'C', value: '3' }] }],
    ['a variable less', { name: 'main', env: [{ name: 'A', $patch: 'delete' }] }],
    ['another order of variables', { name: 'main', '$setElementOrder/env': [{ name: 'B' }, { name: 'A' }] }],
  ])('that brings %s to a Job is refused: its template is immutable', async (what, container) => {
    const name = what.replaceAll(' ', '-')
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]
    await cluster.createJob(name, { suspend: true }, { containers: [{ name: 'main', image: 'any', env }] })
    const { status, body } = await patch(name, { spec: { template: { spec: { containers: [container] } } } })
    expect(status).toBe(422)
    expect(body.message).toMatch(/^Job.batch ".+" is invalid: spec.template: Invalid value: .*: field is immutable$/s)
    expect(body.details.causes).toMatchObject([{ reason: 'FieldValueInvalid', field: 'spec.template' }])
  })

  it('replaces a list without keys, adds to and takes from a list of plain values', async () => {
    await cluster.call('POST', SECRETS, { metadata: { name: 'held', finalizers: ['a/1', 'a/2'] } })
    const change = (body: object) => cluster.call('PATCH', `${SECRETS}/held`, body, STRATEGIC)
    expect((await change({ metadata: { finalizers: ['a/3'] } })).body.metadata.finalizers).toEqual([
      'a/1',
      'a/2',
      'a/3',
    ])
    const taken = await change({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a/1', 'a/3'] } })
    expect(taken.body.metadata.finalizers).toEqual(['a/2'])
    await cluster.createJob('words', { suspend: true }, { containers: [{ name: 'a', image: 'a', args: ['1', '2'] }] })
    const words = await patch('words', { spec: { template: { spec: { containers: [{ name: 'a', args: ['1'] }] } } } })
    expect(words.status).toBe(422)
  })
})

describe('a request', () => {
  it('that patches unknown fields in is refused when it is strict', async () => {
    await cluster.createJob('strict', { suspend: true })
    const body = { spec: { paralelism: 5 } }
    for (const headers of [MERGE, STRATEGIC]) {
      const answer = await cluster.call('PATCH', `${JOBS}/strict?fieldValidation=Strict`, body, headers)
      expect(answer).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'patch' }] } } })
      expect(answer.body.message).toMatch(/strict decoding error: unknown field "spec.paralelism"$/)
    }
  })

  it.each([
    ['POST', JOBS, 'fieldValidation=Foo', 'fieldValidation'],
    ['POST', JOBS, 'dryRun=Some', 'dryRun'],
    ['DELETE', `${JOBS}/any`, 'propagationPolicy=Sideways', 'propagationPolicy'],
  ])('%s with an unknown value of an option is refused', async (method, path, query, field) => {
    const { status, body } = await cluster.call(method, `${path}?${query}`, {})
    expect(status).toBe(422)
    expect(body.details).toMatchObject({ group: 'meta.k8s.io', causes: [{ field }] })
  })

  it('for another name than that of its path is refused', async () => {
    await cluster.createJob('renamed', { suspend: true })
    const { status, body } = await cluster.call('PATCH', `${JOBS}/renamed`, { metadata: { name: 'other' } }, MERGE)
    expect(status).toBe(400)
    expect(body.message).toBe('the name of the object (other) does not match the name on the URL (renamed)')
  })

  it('in another form than JSON is refused by 415', async () => {
    const answer = await cluster.call('POST', JOBS, 'kind: Job', { 'content-type': 'application/yaml' })
    expect(answer).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } })
  })

  it('with a name to be generated gets one', async () => {
    const spec = {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } },
    }
    const { body } = await cluster.call('POST', JOBS, { metadata: { generateName: 'made-' }, spec })
    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/)
  })

  it.each([
    [
      'a volume that is not there',
      { volumeMounts: [{ name: 'w', mountPath: '/w' }] },
      'volumeMounts[0].name',
      'Not found: "w"',
    ],
    [
      'a request above its limit',
      { resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } },
      'resources.requests',
      'Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      'an unknown resource',
      { env: [{ name: 'a', valueFrom: { resourceFieldRef: { resource: 'limits.gold' } } }] },
      'env[0].valueFrom.resourceFieldRef.resource',
      'Unsupported value: "limits.gold": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
    ],
  ])('for a container with %s is refused with field and reason', async (_, extra, field, message) => {
    const containers = [{ name: 'a', image: 'a', ...extra }]
    const spec = { template: { spec: { restartPolicy: 'Never', containers } } }
    const { status, body } = await cluster.call('POST', JOBS, { metadata: { name: 'wrong' }, spec })
    expect(status).toBe(422)
    expect(body.details.causes).toMatchObject([{ field: `spec.template.spec.containers[0].${field}`, message }])
  })
})

describe('a list in pages', () => {
  it('is one moment: what comes later is not in it', async () => {
    const label = { labels: { list: 'pages' } }
    const job = (name: string) => ({
      metadata: { name, ...label },
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
    })
    for (const name of ['page-c', 'page-a', 'page-b']) await cluster.call('POST', JOBS, job(name))
    const page = async (query: string) =>
      (await cluster.call('GET', `${JOBS}?labelSelector=list%3Dpages&${query}`)).body
    const first = await page('limit=2')
    expect(namesOf(first)).toEqual(['page-a', 'page-b'])
    expect(first.metadata).not.toHaveProperty('remainingItemCount')
    await cluster.call('POST', JOBS, job('page-d'))
    const rest = await page(`limit=2&continue=${first.metadata.continue}`)
    expect(namesOf(rest)).toEqual(['page-c'])
    expect(rest.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion })
    expect(namesOf(await page('limit=2&resourceVersion=0'))).toHaveLength(4)
  })

  it('that has been forgotten is answered with 410, and a broken token with 400', async () => {
    await using forgetful = await TestCluster.start({
      faults: [{ match: { verb: 'list', resource: 'secrets' }, nth: 2, do: { dropHistory: true } }],
    })
    for (const name of ['a', 'b']) await forgetful.call('POST', SECRETS, { metadata: { name } })
    const { body } = await forgetful.call('GET', `${SECRETS}?limit=1`)
    expect(body.metadata.remainingItemCount).toBe(1)
    const late = await forgetful.call('GET', `${SECRETS}?limit=1&continue=${body.metadata.continue}`)
    expect(late).toMatchObject({ status: 410, body: { reason: 'Expired' } })
    expect((await forgetful.call('GET', `${SECRETS}?limit=1&continue=abc`)).status).toBe(400)
  })
})

describe('a ServiceAccount', () => {
  it('named default is in every namespace, also after somebody deletes it', async () => {
    const { body } = await cluster.call('GET', `${ACCOUNTS}/default`)
    await cluster.call('DELETE', `${ACCOUNTS}/default`)
    const again = await cluster.call('GET', `${ACCOUNTS}/default`)
    expect(again.status).toBe(200)
    expect(again.body.metadata.uid).not.toBe(body.metadata.uid)
  })

  it('that is missing keeps a Job without pods, with an event that names it, until it is there', async () => {
    await cluster.createJob('no-account', {}, { serviceAccountName: 'nobody', command: ['true'] })
    for await (const { object } of cluster.watch('/api/v1/namespaces/default/events', {
      fieldSelector: 'involvedObject.name=no-account',
    })) {
      expect(object).toMatchObject({
        type: 'Warning',
        reason: 'FailedCreate',
        message:
          'Error creating: pods "no-account-" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
      })
      break
    }
    expect(await cluster.pods('no-account')).toEqual([])
    expect((await cluster.job('no-account')).status.active ?? 0).toBe(0)
    const spec = { serviceAccountName: 'nobody', containers: [{ name: 'a', image: 'a', command: ['true'] }] }
    const pod = await cluster.call('POST', '/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec })
    expect(pod).toMatchObject({
      status: 403,
      body: {
        message:
          'pods "p" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
      },
    })
    await cluster.call('POST', ACCOUNTS, { metadata: { name: 'nobody' } })
    expect(conditionOf(await cluster.finished('no-account'), 'Complete')).toBeDefined()
  })
})

describe('a Job', () => {
  it('with a successPolicy is complete when the indexes that matter have succeeded', async () => {
    await cluster.createJob(
      'leader',
      {
        completions: 3,
        parallelism: 3,
        completionMode: 'Indexed',
        successPolicy: { rules: [{ succeededIndexes: '0,2', succeededCount: 2 }, { succeededIndexes: '1' }] },
      },
      { command: shell('[ "$JOB_COMPLETION_INDEX" = 1 ] || exec sleep 60'), terminationGracePeriodSeconds: 1 },
    )
    const job = await cluster.finished('leader')
    expect(conditionOf(job, 'SuccessCriteriaMet')).toMatchObject({
      reason: 'SuccessPolicy',
      message: 'Matched rules at index 1',
    })
    expect(conditionOf(job, 'Complete')).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 1' })
    expect(job.status).toMatchObject({ succeeded: 1, completedIndexes: '1' })
  })

  it('with a successPolicy that cannot be met is refused', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } }
    const rules = [
      {},
      { succeededIndexes: '0-9' },
      { succeededCount: 7 },
      { succeededIndexes: '0,1', succeededCount: 3 },
    ]
    const spec = { template, completions: 3, completionMode: 'Indexed', successPolicy: { rules } }
    const { body } = await cluster.call('POST', JOBS, { metadata: { name: 'hopeless' }, spec })
    expect(body.details.causes.map(({ message }: { message: string }) => message)).toEqual([
      'Required value: at least one of succeededCount or succeededIndexes must be specified',
      'Invalid value: "0-9": error parsing succeededIndexes: too large index: "9"',
      'Invalid value: 7: must be less than or equal to 3 (the number of specified completions)',
      'Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)',
    ])
  })

  it('whose pod is past its own activeDeadlineSeconds has it failed by the node', async () => {
    await cluster.createJob(
      'pod-deadline',
      { backoffLimit: 0 },
      { activeDeadlineSeconds: 1, command: shell('exec sleep 60') },
    )
    const job = await cluster.finished('pod-deadline')
    expect(conditionOf(job, 'Failed')?.reason).toBe('BackoffLimitExceeded')
    const [pod] = await cluster.pods('pod-deadline')
    expect(pod?.status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
      containerStatuses: [{ state: { terminated: { exitCode: 143 } } }],
    })
  })

  it('tells its containers their own resources', async () => {
    const env = Object.entries({
      A: { resource: 'limits.cpu' },
      B: { resource: 'requests.cpu', divisor: '1m' },
      C: { resource: 'limits.memory' },
      D: { resource: 'requests.memory', divisor: '1Mi' },
    }).map(([name, resourceFieldRef]) => ({ name, valueFrom: { resourceFieldRef } }))
    const resources = { limits: { cpu: '250m', memory: '64Mi' }, requests: { cpu: '100m' } }
    const containers = [{ name: 'main', image: 'any', command: shell('echo $A $B $C $D'), env, resources }]
    await cluster.createJob('resources', {}, { containers })
    await cluster.finished('resources')
    const [pod] = await cluster.pods('resources')
    expect(pod && (await cluster.log(pod))).toBe('1 100 67108864 64\n')
  })
})
