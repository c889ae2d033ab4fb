import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../src/objects/objects.ts'
import { JOBS, PODS, SECRETS, shell, TestCluster } from './api-client.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }
let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

const suspended = (name: string) => cluster.createJob(name, { suspend: true }, { command: ['true'] })

describe('the API', () => {
  it('answers a wrong token, and none, with 401', async () => {
    for (const headers of [{ authorization: 'Bearer wrong' }, { authorization: '' }]) {
      const { status, body } = await cluster.call('GET', '/version', undefined, headers)
      expect(status).toBe(401)
      expect(body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Unauthorized',
        reason: 'Unauthorized',
        code: 401,
      })
    }
  })

  it('is reached over TLS only by who trusts its certificate, and on loopback', async () => {
    expect(new URL(cluster.cluster.url).hostname).toBe('127.0.0.1')
    await expect(request(cluster.cluster.url)).rejects.toThrow(/certificate/)
  })

  it('says what it has', async () => {
    expect((await cluster.call('GET', '/version')).body).toMatchObject({ major: '1', minor: '34' })
    const { body } = await cluster.call('GET', '/apis/batch/v1')
    expect(body.resources.map(({ name }: { name: string }) => name)).toEqual(['jobs', 'jobs/status'])
    expect((await cluster.call('GET', '/apis')).body.groups[0].name).toBe('batch')
  })

  it('names what is not there as Kubernetes does', async () => {
    expect(await cluster.call('GET', `${JOBS}/none`)).toMatchObject({
      status: 404,
      body: { message: 'jobs.batch "none" not found', details: { name: 'none', group: 'batch', kind: 'jobs' } },
    })
    const elsewhere = await cluster.call('POST', '/apis/batch/v1/namespaces/none/jobs', { metadata: { name: 'a' } })
    expect(elsewhere).toMatchObject({ status: 404, body: { message: 'namespaces "none" not found' } })
    expect((await cluster.call('GET', '/api/v1/widgets')).status).toBe(404)
    expect((await cluster.call('PUT', '/version')).status).toBe(405)
  })

  it('fills in the defaults of a Job', async () => {
    const { metadata, spec, status } = await cluster.createJob(
      'defaults',
      { suspend: true, completions: 2, completionMode: 'Indexed', backoffLimitPerIndex: 3 },
      { containers: [{ name: 'c', image: 'a:1' }] },
    )
    const labels = {
      'batch.kubernetes.io/controller-uid': metadata.uid,
      'batch.kubernetes.io/job-name': 'defaults',
      'controller-uid': metadata.uid,
      'job-name': 'defaults',
    }
    expect(status).toEqual({})
    expect(metadata).toMatchObject({ generation: 1, labels })
    expect(spec).toEqual({
      parallelism: 1,
      completions: 2,
      backoffLimit: 2147483647,
      backoffLimitPerIndex: 3,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } },
      manualSelector: false,
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'c',
              image: 'a:1',
              resources: {},
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'IfNotPresent',
            },
          ],
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          securityContext: {},
          schedulerName: 'default-scheduler',
        },
      },
      completionMode: 'Indexed',
      suspend: true,
      podReplacementPolicy: 'TerminatingOrFailed',
    })
  })

  it.each([
    ['no name', {}, ['metadata.name', 'spec.template.spec.containers', 'spec.template.spec.restartPolicy']],
    [
      'a container without name and image',
      { metadata: { name: 'x' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{}] } } } },
      ['spec.template.spec.containers[0].name', 'spec.template.spec.containers[0].image'],
    ],
    [
      'restartPolicy Always',
      {
        metadata: { name: 'x' },
        spec: { template: { spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'a' }] } } },
      },
      ['spec.template.spec.restartPolicy'],
    ],
    [
      'a name of 64 characters',
      {
        metadata: { name: 'a'.repeat(64) },
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
      },
      ['spec.template.labels', 'spec.template.labels'],
    ],
    [
      'numbers below zero',
      {
        metadata: { name: 'x' },
        spec: {
          parallelism: -1,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'A_', image: 'a' }] } },
        },
      },
      ['spec.parallelism', 'spec.template.spec.containers[0].name'],
    ],
  ])('refuses a Job with %s by 422 with its fields', async (_, job, fields) => {
    const { status, body } = await cluster.call('POST', JOBS, job)
    expect(status).toBe(422)
    expect(body.reason).toBe('Invalid')
    expect(body.details).toMatchObject({ group: 'batch', kind: 'Job' })
    expect(body.details.causes.map(({ field }: { field: string }) => field)).toEqual(fields)
  })

  it('refuses a second Job of a name by 409, and creates nothing in a dry run', async () => {
    await suspended('twice')
    const again = await cluster.call('POST', JOBS, await cluster.job('twice'))
    expect(again).toMatchObject({
      status: 409,
      body: { reason: 'AlreadyExists', message: 'jobs.batch "twice" already exists' },
    })
    const { metadata: _, ...rest } = await cluster.job('twice')
    const dry = await cluster.call('POST', `${JOBS}?dryRun=All`, { ...rest, metadata: { name: 'dry' } })
    expect(dry.status).toBe(201)
    expect(dry.body.metadata.uid).toBeDefined()
    expect((await cluster.call('GET', `${JOBS}/dry`)).status).toBe(404)
  })

  it('patches by JSON patch and by merge patch, and keeps what is immutable', async () => {
    await suspended('patched')
    const annotations = await cluster.call(
      'PATCH',
      `${JOBS}/patched`,
      [
        { op: 'test', path: '/spec/suspend', value: true },
        { op: 'add', path: '/metadata/annotations', value: { 'a/b': '1' } },
        { op: 'replace', path: '/metadata/annotations/a~1b', value: '2' },
      ],
      JSON_PATCH,
    )
    expect(annotations.body.metadata.annotations).toEqual({ 'a/b': '2' })
    expect(annotations.body.metadata.generation).toBe(1)
    const wrong = await cluster.call(
      'PATCH',
      `${JOBS}/patched`,
      [{ op: 'test', path: '/spec/suspend', value: false }],
      JSON_PATCH,
    )
    expect(wrong).toMatchObject({ status: 422, body: { reason: 'Invalid' } })
    const merged = await cluster.call(
      'PATCH',
      `${JOBS}/patched`,
      { metadata: { annotations: { 'a/b': null } }, spec: { parallelism: 3 } },
      MERGE,
    )
    expect(merged.body.metadata).toMatchObject({ annotations: {}, generation: 2 })
    expect(merged.body.spec.parallelism).toBe(3)
    const template = await cluster.call('PATCH', `${JOBS}/patched`, { spec: { completions: 9 } }, MERGE)
    expect(template.body.details.causes[0]).toMatchObject({ field: 'spec.completions', reason: 'FieldValueInvalid' })
    expect((await cluster.call('PATCH', `${JOBS}/patched`, {}, { 'content-type': 'application/foo' })).status).toBe(415)
  })

  it('deletes only the object that a precondition names', async () => {
    const { metadata } = await suspended('precise')
    const wrong = await cluster.call('DELETE', `${JOBS}/precise`, { preconditions: { uid: 'other' } })
    expect(wrong).toMatchObject({
      status: 409,
      body: { reason: 'Conflict', details: { name: 'precise', kind: 'Job' } },
    })
    const right = await cluster.call('DELETE', `${JOBS}/precise`, {
      propagationPolicy: 'Background',
      preconditions: { uid: metadata.uid },
    })
    expect(right.body.details.uid).toBe(metadata.uid)
  })

  it('keeps an immutable Secret as it is, and lets it go with the Job that owns it', async () => {
    const { metadata } = await suspended('owner')
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'owner', uid: metadata.uid }]
    const secret = { metadata: { name: 'owned', ownerReferences }, immutable: true, stringData: { a: 'b' } }
    const { body } = await cluster.call('POST', SECRETS, secret)
    expect(body).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } })
    const changed = await cluster.call('PATCH', `${SECRETS}/owned`, { data: { a: 'Yw==' } }, MERGE)
    expect(changed.body.message).toBe(
      'Secret "owned" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    )
    await cluster.call('DELETE', `${JOBS}/owner`, { propagationPolicy: 'Background' })
    expect((await cluster.call('GET', `${SECRETS}/owned`)).status).toBe(404)
  })

  it('keeps the pods of a Job that is deleted without a propagation policy', async () => {
    await cluster.createJob('orphans', {}, { command: shell('exec sleep 60') })
    const pod = await cluster.podThat('orphans', ({ status }) => status.phase === 'Running')
    await cluster.call('DELETE', `${JOBS}/orphans`)
    const { body } = await cluster.call('GET', `${PODS}/${pod.metadata.name}`)
    expect(body.status.phase).toBe('Running')
    expect(body.metadata).not.toHaveProperty('ownerReferences')
  })

  it('lists by labels and fields, in pages, and refuses a field that it does not know', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) await suspended(name)
    const names = async (query: string) =>
      (await cluster.call('GET', `${JOBS}?${query}`)).body.items.map((job: Job) => job.metadata.name)
    expect(await names('fieldSelector=metadata.name%3Dlist-b&resourceVersion=0')).toEqual(['list-b'])
    expect(await names('labelSelector=job-name+in+(list-a,list-c)')).toEqual(['list-a', 'list-c'])
    expect(await names('labelSelector=job-name%3Dlist-a,batch.kubernetes.io/job-name!%3Dlist-a')).toEqual([])
    const first = (await cluster.call('GET', `${JOBS}?limit=1`)).body
    expect(first.items).toHaveLength(1)
    expect(first.metadata.remainingItemCount).toBeGreaterThan(1)
    const unknown = await cluster.call('GET', `${JOBS}?fieldSelector=spec.zap%3D1`)
    expect(unknown).toMatchObject({ status: 400, body: { message: 'field label "spec.zap" not supported for Job' } })
  })

  it('reviews access: who has the token may', async () => {
    const spec = { resourceAttributes: { verb: 'create', resource: 'jobs', group: 'batch', namespace: 'default' } }
    const { status, body } = await cluster.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec,
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({ kind: 'SelfSubjectAccessReview', spec, status: { allowed: true } })
  })

  it('empties a namespace that is deleted', async () => {
    await cluster.call('POST', '/api/v1/namespaces', { metadata: { name: 'other' } })
    const there = '/api/v1/namespaces/other'
    expect((await cluster.call('POST', `${there}/secrets`, { metadata: { name: 's' } })).status).toBe(201)
    expect(
      (await cluster.call('GET', '/api/v1/secrets?fieldSelector=metadata.namespace%3Dother')).body.items,
    ).toHaveLength(1)
    await cluster.call('DELETE', there)
    expect((await cluster.call('GET', there)).status).toBe(404)
    expect((await cluster.call('GET', `${there}/secrets`)).body.items).toEqual([])
  })
})

describe('a watch', () => {
  it('sees every change from the resourceVersion that it starts with, and resumes from any of them', async () => {
    const { metadata } = await suspended('watched')
    for (const value of ['1', '2', '3']) {
      await cluster.call('PATCH', `${JOBS}/watched`, { metadata: { annotations: { value } } }, MERGE)
    }
    await cluster.call('DELETE', `${JOBS}/watched`, { propagationPolicy: 'Background' })
    const changes = async (resourceVersion: string) => {
      const seen: { type: string; value: string | undefined; version: string }[] = []
      for await (const { type, object } of cluster.watch<Job>(JOBS, {
        resourceVersion,
        fieldSelector: 'metadata.name=watched',
      })) {
        seen.push({ type, value: object.metadata.annotations?.value, version: object.metadata.resourceVersion })
        if (type === 'DELETED') break
      }
      return seen
    }
    const all = (await changes(metadata.resourceVersion)).filter(({ value }) => value !== undefined)
    expect(all.map(({ type, value }) => [type, value])).toEqual([
      ['MODIFIED', '1'],
      ['MODIFIED', '2'],
      ['MODIFIED', '3'],
      ['DELETED', '3'],
    ])
    const middle = all[1]?.version ?? ''
    expect((await changes(middle)).map(({ version }) => version)).toEqual(all.slice(2).map(({ version }) => version))
  })

  it('without a resourceVersion begins with what is there, and sends bookmarks when asked', async () => {
    await suspended('present')
    const query = { fieldSelector: 'metadata.name=present', allowWatchBookmarks: 'true', timeoutSeconds: '1' }
    const types: string[] = []
    for await (const { type, object } of cluster.watch<Job>(JOBS, query)) {
      types.push(type)
      if (type === 'BOOKMARK') expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(0)
    }
    expect(types[0]).toBe('ADDED')
    expect(types.at(-1)).toBe('BOOKMARK')
  })

  // Thousands of changes, one by one: the history is as long as that.
  it('whose beginning is forgotten is told so by an ERROR event with 410', { timeout: 240_000 }, async () => {
    const { metadata } = await suspended('busy')
    for (let value = 0; value < 2500; value++) {
      const labels = { metadata: { annotations: { value: String(value) } } }
      await cluster.call('PATCH', `${JOBS}/busy`, labels, MERGE)
      if (value < 2100)
        await cluster.call('PATCH', `${JOBS}/busy`, { metadata: { annotations: { value: null } } }, MERGE)
    }
    for await (const { type, object } of cluster.watch(JOBS, { resourceVersion: metadata.resourceVersion })) {
      expect(type).toBe('ERROR')
      expect(object).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' })
    }
  })
})

describe('field validation', () => {
  const job = (name: string, container: object, extra: object = {}) => ({
    metadata: { name },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a', ...container }] } },
      ...extra,
    },
  })

  it('refuses unknown fields when it is strict, and drops them otherwise', async () => {
    const sent = job('typo', { comand: ['true'] }, { paralelism: 2 })
    const strict = await cluster.call('POST', `${JOBS}?fieldValidation=Strict`, sent)
    expect(strict).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message:
          'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field "spec.template.spec.containers[0].comand", unknown field "spec.paralelism"',
      },
    })
    const { status, body } = await cluster.call('POST', JOBS, sent)
    expect(status).toBe(201)
    expect(body.spec).not.toHaveProperty('paralelism')
  })

  it('refuses a value of the wrong type in the words of the real server', async () => {
    const { status, body } = await cluster.call('POST', JOBS, job('type', { env: [{ name: 'a', value: 1 }] }))
    expect(status).toBe(400)
    expect(body.message).toBe(
      'Job in version "v1" cannot be handled as a Job: json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string',
    )
    expect((await cluster.call('POST', JOBS, job('quantity', { resources: { limits: { cpu: 1 } } }))).status).toBe(201)
  })
})
