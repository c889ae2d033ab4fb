import { expect } from 'vitest'
import { encoded, PROTOBUF } from '../protobuf.ts'
import type { Behaviours } from './behaviours.ts'

const REVIEWS = '/apis/authorization.k8s.io/v1'
const resourceAttributes = { verb: 'create', group: 'batch', resource: 'jobs', namespace: 'default' }

/** A Job with zeros that count, zeros that Go sends of plain fields that nobody set, and structs that are inline in JSON. */
const job = {
  metadata: {
    name: 'by-protobuf',
    namespace: '',
    uid: '',
    generation: 0,
    creationTimestamp: {},
    labels: { empty: '' },
  },
  spec: {
    parallelism: 0,
    completions: 2,
    backoffLimit: 0,
    suspend: false,
    ttlSecondsAfterFinished: 0,
    podFailurePolicy: {
      rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 42] } }],
    },
    template: {
      metadata: { annotations: { 'example.com/a': 'b' } },
      spec: {
        restartPolicy: 'Never',
        hostNetwork: false,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'main',
            image: 'debian:bookworm-slim',
            command: ['true', ''],
            workingDir: '',
            stdin: false,
            env: [
              { name: 'EMPTY', value: '' },
              { name: 'SECRET', valueFrom: { secretKeyRef: { localObjectReference: { name: 's' }, key: 'k' } } },
            ],
            resources: { requests: { cpu: { string: '10m' } } },
            volumeMounts: [{ name: 'scratch', mountPath: '/scratch', readOnly: false }],
            livenessProbe: {
              probeHandler: { httpGet: { path: '/', port: { type: 0, intVal: 8080 } } },
              initialDelaySeconds: 0,
            },
          },
        ],
        volumes: [{ name: 'scratch', volumeSource: { emptyDir: { medium: '' } } }],
      },
    },
  },
  status: {},
}

export const protobuf: Behaviours = {
  'creates a Job: zeros that count stay, zeros that say nothing go': async (cluster) => {
    const body = encoded('batch/v1', 'Job', job)
    const answer = await cluster.call('POST', `${cluster.path('jobs')}?fieldValidation=Strict`, body, PROTOBUF)
    expect(answer).toMatchObject({ status: 201, contentType: 'application/json' })
    const { metadata, spec } = answer.body
    expect(metadata).toMatchObject({ name: 'by-protobuf', labels: { empty: '' } })
    expect(Date.now() - Date.parse(metadata.creationTimestamp)).toBeLessThan(600_000)
    expect(spec).toMatchObject({
      parallelism: 0,
      completions: 2,
      backoffLimit: 0,
      suspend: false,
      ttlSecondsAfterFinished: 0,
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 42] } }],
      },
      template: {
        metadata: { annotations: { 'example.com/a': 'b' } },
        spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0 },
      },
    })
    const [container] = spec.template.spec.containers
    expect(container).toMatchObject({
      command: ['true', ''],
      env: [{ name: 'EMPTY' }, { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
      resources: { requests: { cpu: '10m' } },
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
      livenessProbe: { httpGet: { path: '/', port: 8080 } },
    })
    for (const field of ['workingDir', 'stdin', 'envFrom']) expect(container).not.toHaveProperty(field)
    expect(spec.template.spec).not.toHaveProperty('hostNetwork')
    expect(spec.template.spec.volumes).toEqual([{ name: 'scratch', emptyDir: {} }])
  },

  'creates a Secret of bytes and a ConfigMap of text': async (cluster) => {
    const data = { key: Buffer.from([0, 255, 10]) }
    const secret = encoded('v1', 'Secret', { metadata: { name: 'bytes' }, data, type: 'Opaque' })
    const made = await cluster.call('POST', cluster.path('secrets'), secret, PROTOBUF)
    expect(made).toMatchObject({ status: 201, body: { type: 'Opaque', data: { key: 'AP8K' } } })
    const map = encoded('v1', 'ConfigMap', { metadata: { name: 'text' }, data: { empty: '', text: 'é' } })
    const told = await cluster.call('POST', cluster.path('configmaps'), map, PROTOBUF)
    expect(told).toMatchObject({ status: 201, body: { data: { empty: '', text: 'é' } } })
  },

  'creates a namespace, a ServiceAccount and an event, and deletes': async (cluster) => {
    const name = `${cluster.namespace}-more`
    const namespace = encoded('v1', 'Namespace', { metadata: { name }, spec: {}, status: {} })
    expect((await cluster.call('POST', '/api/v1/namespaces', namespace, PROTOBUF)).status).toBe(201)
    const options = encoded('v1', 'DeleteOptions', { propagationPolicy: 'Background' })
    expect((await cluster.call('DELETE', `/api/v1/namespaces/${name}`, options, PROTOBUF)).status).toBe(200)
    const account = encoded('v1', 'ServiceAccount', { metadata: { name: 'robot' } })
    expect((await cluster.call('POST', cluster.path('serviceaccounts'), account, PROTOBUF)).status).toBe(201)
    const event = encoded('v1', 'Event', {
      metadata: { name: 'told' },
      involvedObject: { kind: 'ConfigMap', namespace: cluster.namespace, name: 'text' },
      reason: 'Told',
      type: 'Normal',
      lastTimestamp: { seconds: 1_700_000_000, nanos: 0 },
      firstTimestamp: {},
      count: 2,
    })
    const told = await cluster.call('POST', cluster.path('events'), event, PROTOBUF)
    expect(told).toMatchObject({ status: 201, body: { lastTimestamp: '2023-11-14T22:13:20Z', count: 2 } })
  },

  'deletes with the options in it': async (cluster) => {
    await cluster.create('configmaps', { metadata: { name: 'precise-bytes' } })
    const path = cluster.path('configmaps', 'precise-bytes')
    const wrong = encoded('v1', 'DeleteOptions', { preconditions: { uid: 'other' } })
    expect(await cluster.call('DELETE', path, wrong, PROTOBUF)).toMatchObject({
      status: 409,
      body: { reason: 'Conflict' },
    })
    const right = encoded('v1', 'DeleteOptions', { gracePeriodSeconds: 0 })
    expect((await cluster.call('DELETE', path, right, PROTOBUF)).status).toBe(200)
  },

  'asks for rights': async (cluster) => {
    const body = encoded('authorization.k8s.io/v1', 'SelfSubjectAccessReview', { spec: { resourceAttributes } })
    const answer = await cluster.call('POST', `${REVIEWS}/selfsubjectaccessreviews`, body, PROTOBUF)
    expect(answer).toMatchObject({ status: 201, body: { spec: { resourceAttributes }, status: { allowed: true } } })
  },

  'that is broken, or of a kind that nobody knows, is refused': async (cluster) => {
    const whole = encoded('batch/v1', 'Job', job)
    for (const bytes of [Buffer.from('k8s'), Buffer.from('{}'), whole.subarray(0, whole.length - 3)]) {
      const { status, body } = await cluster.call('POST', cluster.path('jobs'), bytes, PROTOBUF)
      expect({ status, reason: body.reason }).toEqual({ status: 400, reason: 'BadRequest' })
    }
  },
}
