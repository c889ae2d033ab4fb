import { expect } from 'vitest'
import { shell } from '../contract-cluster.ts'
import { JSON_PATCH, MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const suspended = { suspend: true }
const body = (metadata: object) => ({ metadata, spec: { ...suspended, template: { spec: shell('true') } } })

export const objects: Behaviours = {
  'gets its defaults, its labels and the selector of its pods': async (cluster) => {
    const job = await cluster.createJob('defaults', suspended, shell('true', { imagePullPolicy: undefined }))
    const { metadata, spec, status } = job.created
    const labels = {
      'batch.kubernetes.io/controller-uid': metadata.uid,
      'batch.kubernetes.io/job-name': 'defaults',
      'controller-uid': metadata.uid,
      'job-name': 'defaults',
    }
    expect(metadata).toMatchObject({ name: 'defaults', namespace: cluster.namespace, generation: 1, labels })
    expect(status).toEqual({})
    expect({ ...spec, template: spec.template.spec }).toEqual({
      parallelism: 1,
      completions: 1,
      completionMode: 'NonIndexed',
      backoffLimit: 6,
      suspend: true,
      podReplacementPolicy: 'TerminatingOrFailed',
      manualSelector: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': metadata.uid } },
      template: {
        containers: [
          {
            name: 'main',
            image: 'debian:bookworm-slim',
            command: ['sh', '-c', 'true'],
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
    })
    expect(spec.template.metadata?.labels).toEqual(labels)
  },

  'pulls an image without a tag, or with latest, always': async (cluster) => {
    const pod = shell('true', { image: 'debian', imagePullPolicy: undefined })
    const [main] = pod.containers ?? []
    const containers = ['debian', 'debian:latest', 'debian:12', 'reg.example:5000/debian'].map((image, at) => ({
      ...main,
      name: `c${at}`,
      image,
    }))
    const job = await cluster.createJob('pull-policies', suspended, { ...pod, containers } as typeof pod)
    const policies = job.created.spec.template.spec.containers.map(({ imagePullPolicy }) => imagePullPolicy)
    expect(policies).toEqual(['Always', 'Always', 'IfNotPresent', 'Always'])
  },

  'with a podFailurePolicy replaces failed pods only, by default': async (cluster) => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }]
    const job = await cluster.createJob('replacement', { ...suspended, podFailurePolicy: { rules } })
    expect(job.created.spec.podReplacementPolicy).toBe('Failed')
  },

  'is named by the server with generateName': async (cluster) => {
    const { metadata } = await cluster.create('jobs', body({ generateName: 'made-' }))
    expect(metadata.name).toMatch(/^made-[a-z0-9]{5}$/)
    expect(metadata.generateName).toBe('made-')
  },

  'of a name that is taken is refused with AlreadyExists': async (cluster) => {
    await cluster.createJob('taken-name', suspended)
    expect(await cluster.call('POST', cluster.path('jobs'), body({ name: 'taken-name' }))).toMatchObject({
      status: 409,
      body: {
        kind: 'Status',
        status: 'Failure',
        reason: 'AlreadyExists',
        message: 'jobs.batch "taken-name" already exists',
        details: { name: 'taken-name', group: 'batch', kind: 'jobs' },
        code: 409,
      },
    })
  },

  'that is not there is answered with 404 and its name': async (cluster) => {
    expect(await cluster.call('GET', cluster.path('jobs', 'nothing'))).toEqual({
      status: 404,
      contentType: 'application/json',
      warnings: [],
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'jobs.batch "nothing" not found',
        reason: 'NotFound',
        details: { name: 'nothing', group: 'batch', kind: 'jobs' },
        code: 404,
      },
    })
  },

  'in a namespace that is not there is refused with that': async (cluster) => {
    const answer = await cluster.call('POST', '/apis/batch/v1/namespaces/podqueue-no-such/jobs', body({ name: 'a' }))
    expect(answer).toMatchObject({ status: 404, body: { message: 'namespaces "podqueue-no-such" not found' } })
  },

  'of another namespace than the request is refused': async (cluster) => {
    const answer = await cluster.call('POST', cluster.path('jobs'), body({ name: 'a', namespace: 'elsewhere' }))
    expect(answer).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      },
    })
  },

  'in a dry run is answered in full and kept nowhere': async (cluster) => {
    const { status, body: answer } = await cluster.call(
      'POST',
      `${cluster.path('jobs')}?dryRun=All`,
      body({ name: 'dry' }),
    )
    expect(status).toBe(201)
    expect(answer.metadata.uid).toBeDefined()
    expect(answer.spec.backoffLimit).toBe(6)
    expect((await cluster.call('GET', cluster.path('jobs', 'dry'))).status).toBe(404)
  },

  'in a dry run of a patch or a deletion stays as it is': async (cluster) => {
    const job = await cluster.createJob('dry-changes', suspended)
    const patch = await cluster.call('PATCH', `${job.path}?dryRun=All`, { spec: { parallelism: 7 } }, MERGE)
    expect(patch.body.spec.parallelism).toBe(7)
    expect((await cluster.call('DELETE', `${job.path}?dryRun=All`)).status).toBe(200)
    expect((await job.read()).spec.parallelism).toBe(1)
  },

  'that somebody else has changed is not overwritten': async (cluster) => {
    const job = await cluster.createJob('stale', suspended)
    await job.patch({ metadata: { annotations: { by: 'another' } } })
    const mine = { ...job.created, metadata: { ...job.created.metadata, annotations: { by: 'me' } } }
    expect(await cluster.call('PUT', job.path, mine)).toMatchObject({
      status: 409,
      body: {
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on jobs.batch "stale": the object has been modified; please apply your changes to the latest version and try again',
        details: { name: 'stale', group: 'batch', kind: 'jobs' },
      },
    })
    expect((await job.read()).metadata.annotations).toEqual({ by: 'another' })
  },

  'is patched only in the version that the patch names': async (cluster) => {
    const job = await cluster.createJob('stale-patch', suspended)
    const { resourceVersion } = (await job.state(({ status }) => status.conditions !== undefined)).metadata
    expect((await job.patch({ metadata: { resourceVersion, annotations: { a: '1' } } })).status).toBe(200)
    const late = await job.patch({ metadata: { resourceVersion, annotations: { a: '2' } } })
    expect(late).toMatchObject({ status: 409, body: { reason: 'Conflict' } })
  },

  'counts changes of its spec as generations, and no others': async (cluster) => {
    const job = await cluster.createJob('generations', suspended)
    expect((await job.patch({ metadata: { annotations: { a: '1' } } })).body.metadata.generation).toBe(1)
    expect((await job.patch({ spec: { parallelism: 3 } })).body.metadata.generation).toBe(2)
    expect((await job.patch({ spec: { parallelism: 3 } })).body.metadata.generation).toBe(2)
  },

  'keeps its resourceVersion when a patch changes nothing': async (cluster) => {
    const job = await cluster.createJob('unchanged', { ...suspended, parallelism: 2 })
    await job.state(({ status }) => status.conditions !== undefined)
    const { metadata } = await job.read()
    expect((await job.patch({ spec: { parallelism: 2 } })).body.metadata.resourceVersion).toBe(metadata.resourceVersion)
  },

  'is patched by merge: what is null goes': async (cluster) => {
    const job = await cluster.createJob('merged', suspended, shell('true'), { annotations: { a: '1', b: '2' } })
    const { body: merged } = await job.patch({ metadata: { annotations: { a: null, c: '3' } } })
    expect(merged.metadata.annotations).toEqual({ b: '2', c: '3' })
  },

  'is patched by JSON patch, all of it or nothing': async (cluster) => {
    const job = await cluster.createJob('json-patched', suspended, shell('true'), { annotations: { 'a/b': '1' } })
    const path = '/metadata/annotations/a~1b'
    const good = [
      { op: 'test', path: '/spec/suspend', value: true },
      { op: 'replace', path, value: '2' },
      { op: 'add', path: '/metadata/annotations/c', value: '3' },
    ]
    expect((await cluster.call('PATCH', job.path, good, JSON_PATCH)).body.metadata.annotations).toEqual({
      'a/b': '2',
      c: '3',
    })
    const bad = [
      { op: 'remove', path },
      { op: 'test', path: '/spec/suspend', value: false },
    ]
    expect(await cluster.call('PATCH', job.path, bad, JSON_PATCH)).toMatchObject({
      status: 422,
      body: { reason: 'Invalid' },
    })
    expect((await job.read()).metadata.annotations).toEqual({ 'a/b': '2', c: '3' })
  },

  'is not patched by a type of patch that nobody knows': async (cluster) => {
    const job = await cluster.createJob('foo-patched', suspended)
    const answer = await cluster.call('PATCH', job.path, {}, { 'content-type': 'application/foo' })
    expect(answer).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } })
  },

  'keeps its status when it is replaced, and its spec when its status is': async (cluster) => {
    const job = await cluster.createJob('halves', suspended)
    await job.state(({ status }) => status.conditions !== undefined)
    const current = await job.read()
    const replaced = await cluster.call('PUT', job.path, { ...current, status: { active: 9 } })
    expect(replaced.body.status).toEqual(current.status)
    const status = await cluster.call('PATCH', `${job.path}/status`, { spec: { parallelism: 9 } }, MERGE)
    expect(status).toMatchObject({ status: 200, body: { spec: { parallelism: 1 } } })
  },

  'keeps uid, creationTimestamp and name whatever a patch says': async (cluster) => {
    const job = await cluster.createJob('identity', suspended)
    const { uid, creationTimestamp } = job.created.metadata
    const { body: patched } = await job.patch({ metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } })
    expect(patched.metadata).toMatchObject({ uid, creationTimestamp, name: 'identity' })
    expect((await job.patch({ metadata: { uid: '00000000-0000-0000-0000-000000000000' } })).status).toBe(422)
    expect((await job.patch({ metadata: { name: 'other' } })).status).toBe(400)
  },

  'is listed by labels': async (cluster) => {
    for (const [name, color] of [
      ['list-a', 'red'],
      ['list-b', 'blue'],
      ['list-c', 'red'],
    ] as const) {
      await cluster.createJob(name, suspended, shell('true'), { labels: { color, list: 'labels' } })
    }
    const names = async (labelSelector: string) => {
      const query = new URLSearchParams({ labelSelector: `list=labels,${labelSelector}` })
      const { items } = (await cluster.call('GET', `${cluster.path('jobs')}?${query}`)).body
      return items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    }
    expect(await names('color=red')).toEqual(['list-a', 'list-c'])
    expect(await names('color!=red')).toEqual(['list-b'])
    expect(await names('color in (blue,green)')).toEqual(['list-b'])
    expect(await names('color notin (blue)')).toEqual(['list-a', 'list-c'])
    expect(await names('!color')).toEqual([])
    expect(await names('color')).toHaveLength(3)
  },

  'is listed by its fields, and by no field that Jobs cannot be listed by': async (cluster) => {
    await cluster.createJob('field', suspended)
    const list = (fieldSelector: string) =>
      cluster.call('GET', `${cluster.path('jobs')}?${new URLSearchParams({ fieldSelector })}`)
    expect((await list('metadata.name=field')).body.items).toHaveLength(1)
    expect((await list('metadata.name=field,status.successful=0')).body.items).toHaveLength(1)
    expect((await list('metadata.name=field,metadata.name!=field')).body.items).toHaveLength(0)
    expect(await list('spec.zap=1')).toMatchObject({
      status: 400,
      body: { reason: 'BadRequest', message: 'field label "spec.zap" not supported for Job' },
    })
  },

  'is listed in the order of names': async (cluster) => {
    for (const name of ['order-c', 'order-a', 'order-b']) {
      await cluster.create('configmaps', { metadata: { name, labels: { list: 'order' } } })
    }
    const { items } = (await cluster.call('GET', `${cluster.path('configmaps')}?labelSelector=list%3Dorder`)).body
    const names = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
    expect(names).toEqual(['order-a', 'order-b', 'order-c'])
  },

  'is not listed at an invalid resourceVersion, or from an invalid page': async (cluster) => {
    expect(await cluster.call('GET', `${cluster.path('jobs')}?resourceVersion=abc`)).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message:
          'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
      },
    })
    const page = await cluster.call('GET', `${cluster.path('jobs')}?limit=2&continue=abc`)
    expect(page).toMatchObject({
      status: 400,
      body: { reason: 'BadRequest', message: expect.stringMatching(/^invalid continue token: /) },
    })
  },

  'is listed in pages that are of one moment': async (cluster) => {
    for (const name of ['page-a', 'page-b', 'page-c']) {
      await cluster.create('configmaps', { metadata: { name, labels: { list: 'pages' } } })
    }
    const page = async (more: Record<string, string>) => {
      const query = new URLSearchParams({ labelSelector: 'list=pages', limit: '2', ...more })
      return (await cluster.call('GET', `${cluster.path('configmaps')}?${query}`)).body
    }
    const first = await page({})
    expect(first).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
    expect(first.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'page-a',
      'page-b',
    ])
    await cluster.create('configmaps', { metadata: { name: 'page-d', labels: { list: 'pages' } } })
    const second = await page({ continue: first.metadata.continue })
    expect(second.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['page-c'])
    expect(second.metadata.continue ?? '').toBe('')
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  },

  'may be made, says a review of access': async (cluster) => {
    const spec = {
      resourceAttributes: { verb: 'create', resource: 'jobs', group: 'batch', namespace: cluster.namespace },
    }
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
    const { status, body: review } = await cluster.call('POST', path, { spec })
    expect(status).toBe(201)
    expect(review).toMatchObject({ kind: 'SelfSubjectAccessReview', spec, status: { allowed: true } })
  },

  'is served by a Kubernetes 1.34 that says so': async (cluster) => {
    const { status, body: version } = await cluster.call('GET', '/version')
    expect(status).toBe(200)
    expect(version).toMatchObject({ major: '1', minor: '34', gitVersion: expect.stringMatching(/^v1\.34\./) })
    expect(Object.keys(version)).toEqual(
      expect.arrayContaining(['gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']),
    )
  },

  'is found by discovery': async (cluster) => {
    const { body: found } = await cluster.call('GET', '/apis/batch/v1')
    expect(found).toMatchObject({ kind: 'APIResourceList', groupVersion: 'batch/v1' })
    const jobs = found.resources.find(({ name }: { name: string }) => name === 'jobs')
    expect(jobs).toMatchObject({ singularName: 'job', namespaced: true, kind: 'Job', categories: ['all'] })
    expect(jobs.verbs).toEqual(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'])
  },

  'keeps stringData of its Secret as data': async (cluster) => {
    const secret = await cluster.create('secrets', {
      metadata: { name: 'encoded' },
      data: { a: 'YQ==' },
      stringData: { b: 'b' },
    })
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'YQ==', b: 'Yg==' } })
    expect(secret).not.toHaveProperty('stringData')
  },

  'keeps an immutable Secret as it is': async (cluster) => {
    await cluster.create('secrets', { metadata: { name: 'fixed' }, immutable: true, stringData: { a: 'b' } })
    const changed = await cluster.call('PATCH', cluster.path('secrets', 'fixed'), { data: { a: 'Yw==' } }, MERGE)
    expect(changed).toMatchObject({
      status: 422,
      body: { message: 'Secret "fixed" is invalid: data: Forbidden: field is immutable when `immutable` is set' },
    })
  },
}
