import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const suspended = { suspend: true }
const OPENAPI_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

export const requests: Behaviours = {
  'is answered with and without a slash at the end of its path': async (cluster) => {
    for (const path of ['/version', '/api', '/apis', '/api/v1', '/apis/batch', '/apis/batch/v1']) {
      const [plain, slashed] = await Promise.all([cluster.call('GET', path), cluster.call('GET', `${path}/`)])
      expect(slashed, path).toMatchObject({ status: 200, body: plain.body })
    }
    expect(await cluster.call('GET', `${cluster.path('configmaps')}/`)).toMatchObject({
      status: 200,
      body: { kind: 'ConfigMapList' },
    })
  },

  'whose body is nested too deep is refused with 400': async (cluster) => {
    const deep = Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect((await cluster.call('POST', cluster.path('jobs'), deep)).status).toBe(400)
    const nested = Buffer.from(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)
    expect((await cluster.call('POST', cluster.path('configmaps'), nested)).status).toBe(400)
  },

  'for the OpenAPI document of version 2 is answered as protobuf': async (cluster) => {
    const answer = await cluster.call('GET', '/openapi/v2', undefined, { accept: OPENAPI_V2 })
    expect(answer).toMatchObject({ status: 200, contentType: OPENAPI_V2 })
  },

  'to apply on the server is refused, or done, whether the object is there or not': async (cluster) => {
    const path = `${cluster.path('configmaps', 'applied')}?fieldManager=contract`
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { a: 'b' } }
    const answers = []
    for (const _ of ['new', 'there']) {
      answers.push(await cluster.call('PATCH', path, body, { 'content-type': 'application/apply-patch+yaml' }))
    }
    for (const { status } of answers) expect([200, 201, 415]).toContain(status)
    const refused = answers.filter(({ status }) => status === 415)
    for (const { body: why } of refused) expect(why.message).toContain('server-side apply is not supported')
  },

  'for the nodes has at least one that is ready': async (cluster) => {
    const { body } = await cluster.call('GET', '/api/v1/nodes')
    expect(body.kind).toBe('NodeList')
    const ready = body.items.map(({ status }: { status: { conditions: { type: string; status: string }[] } }) =>
      status.conditions.find(({ type }) => type === 'Ready'),
    )
    expect(ready).toContainEqual(expect.objectContaining({ status: 'True' }))
    const [{ metadata, status }] = body.items
    expect((await cluster.call('GET', `/api/v1/nodes/${metadata.name}`)).body.metadata.uid).toBe(metadata.uid)
    for (const field of ['cpu', 'memory', 'pods']) expect(status.allocatable).toHaveProperty(field)
  },

  'finds the certificate of the API server in each namespace': async (cluster) => {
    // A real cluster makes it a moment after the namespace.
    const query = { fieldSelector: 'metadata.name=kube-root-ca.crt' }
    for await (const { object } of cluster.client.watch(cluster.path('configmaps'), query)) {
      const { data } = object as unknown as { data: Record<string, string> }
      expect(data['ca.crt']).toContain('BEGIN CERTIFICATE')
      break
    }
  },

  'to replace a Job may leave out what has a default': async (cluster) => {
    const job = await cluster.createJob('without-defaults', suspended)
    await job.state(({ status }) => status.conditions !== undefined)
    const { metadata, spec } = await job.read()
    const {
      backoffLimit: _,
      completionMode: __,
      podReplacementPolicy: ___,
      ...rest
    } = spec as unknown as Record<string, unknown>
    const [{ terminationMessagePath: ____, resources: _____, ...container }] = spec.template.spec
      .containers as unknown as [Record<string, unknown>]
    const { dnsPolicy: ______, schedulerName: _______, ...pod } = spec.template.spec
    const template = { ...spec.template, spec: { ...pod, containers: [container] } }
    const body = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { ...rest, template } }
    const answer = await cluster.call('PUT', job.path, body)
    expect(answer).toMatchObject({ status: 200, body: { spec: { backoffLimit: 6 }, metadata: { generation: 1 } } })
    expect(answer.body.spec).toEqual(spec)
  },

  'for the status of a Job changes its labels and annotations too, not its spec': async (cluster) => {
    const job = await cluster.createJob('status-metadata', suspended)
    await job.state(({ status }) => status.conditions !== undefined)
    const metadata = { annotations: { 'example.com/by': 'status' }, labels: { by: 'status' } }
    const patch = { metadata, spec: { parallelism: 7 } }
    const answer = await cluster.call('PATCH', `${job.path}/status`, patch, MERGE)
    expect(answer).toMatchObject({ status: 200, body: { metadata, spec: { parallelism: 1 } } })
    const current = await job.read()
    expect(current.metadata).toMatchObject(metadata)
    expect(current.status).toMatchObject({ conditions: [{ type: 'Suspended' }] })
  },

  'does not set what only the server sets': async (cluster) => {
    const sent = { name: 'own-fields', deletionTimestamp: '2001-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 }
    const made = await cluster.create('configmaps', { metadata: { ...sent, uid: 'mine', generation: 9 } })
    expect(made.metadata).not.toHaveProperty('deletionTimestamp')
    expect(made.metadata.uid).not.toBe('mine')
    const path = cluster.path('configmaps', 'own-fields')
    await cluster.call('PATCH', path, { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } }, MERGE)
    expect((await cluster.call('GET', path)).body.metadata).not.toHaveProperty('deletionTimestamp')
  },

  'to delete Jobs without a propagation policy warns that their pods stay': async (cluster) => {
    await cluster.createJob('warned-of-many', suspended, undefined, { labels: { warned: 'yes' } })
    const answer = await cluster.call('DELETE', `${cluster.path('jobs')}?labelSelector=warned%3Dyes`)
    expect(answer.status).toBe(200)
    expect(answer.warnings).toContainEqual(expect.stringContaining('child pods are preserved by default'))
    await cluster.createJob('unwarned-of-many', suspended, undefined, { labels: { unwarned: 'yes' } })
    const path = `${cluster.path('jobs')}?labelSelector=unwarned%3Dyes&propagationPolicy=Background`
    expect((await cluster.call('DELETE', path)).warnings).toEqual([])
  },

  'to evict a pod marks it as disrupted and deletes it': async (cluster) => {
    const job = await cluster.createJob('evicted-pod', {}, shell(UNTIL_TERM))
    const ready = await job.readyPod()
    await using _ = await job.hold(ready)
    const { metadata } = ready
    const wrong = { deleteOptions: { preconditions: { uid: 'other' } }, metadata: { name: metadata.name } }
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } }
    const path = cluster.path('pods', metadata.name, 'eviction')
    expect((await cluster.call('POST', path, { ...eviction, ...wrong })).status).toBe(409)
    expect((await cluster.call('POST', path, eviction)).status).toBe(201)
    const pod = await job.pod(
      (each) => each.metadata.uid === metadata.uid && each.metadata.deletionTimestamp !== undefined,
    )
    expect(pod.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }),
    )
    const nobody = cluster.path('pods', 'nobody', 'eviction')
    expect((await cluster.call('POST', nobody, eviction)).status).toBe(400)
    expect((await cluster.call('POST', nobody, { ...eviction, metadata: { name: 'nobody' } })).status).toBe(404)
  },
}
