import { expect, test } from 'vitest'
import type { JobObject, PodObject } from '../src/api/api-objects.ts'
import { decisionOf, endOf } from '../src/job/job-state.ts'
import { failedAttempt } from '../src/pods/failed-attempt.ts'
import { isBeingPrepared, startFault } from '../src/pods/start-fault.ts'
import { countQueue, describeUnknown } from '../src/queue/count-queue.ts'
import { countOf, type RunQueue } from '../src/queue/queue-reading.ts'
import { onNameTaken } from '../src/submit/name-taken.ts'

function jobWith(changes: {
  conditions?: string[]
  annotations?: Record<string, string>
  deleting?: boolean
}): JobObject {
  const { conditions = [], annotations = {}, deleting = false } = changes
  return {
    metadata: {
      name: 'work',
      namespace: 'default',
      uid: 'u1',
      resourceVersion: '1',
      annotations,
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { completions: 1, template: { spec: {} } },
    status: {
      succeeded: 1,
      failed: 1,
      conditions: conditions.map((type) => ({ type, status: 'True', reason: 'Because' })),
    },
  }
}

test('only a condition ends a Job: counters alone, and what is only decided, do not', () => {
  expect(endOf(jobWith({}))).toBeUndefined()
  expect(endOf(jobWith({ conditions: ['Suspended', 'SuccessCriteriaMet'] }))).toBeUndefined()
  expect(decisionOf(jobWith({ conditions: ['SuccessCriteriaMet'] }))).toMatchObject({ outcome: 'complete' })
  expect(decisionOf(jobWith({ conditions: ['FailureTarget'] }))).toMatchObject({ outcome: 'failed', reason: 'Because' })
  expect(endOf(jobWith({ conditions: ['Complete'] }))).toMatchObject({ outcome: 'complete' })
  expect(endOf(jobWith({ conditions: ['FailureTarget', 'Failed'] }))).toMatchObject({ outcome: 'failed' })
})

const ours = { runId: 'r1', hash: 'h1', onFinished: 'replace' } as const
const theirs = { 'podqueue/run-id': 'r0', 'podqueue/spec-hash': 'h1' }

test("a name that is taken: ours and the same unfinished work is gone on with, tomorrow's run is a run of its own", () => {
  expect(onNameTaken(jobWith({ annotations: { 'podqueue/run-id': 'r1' }, conditions: ['Complete'] }), ours)).toBe(
    'adopt',
  )
  expect(onNameTaken(jobWith({ annotations: theirs }), ours)).toBe('adopt')
  expect(onNameTaken(jobWith({ annotations: theirs, conditions: ['Complete'] }), ours)).toBe('replace')
  expect(onNameTaken(jobWith({ annotations: theirs, conditions: ['Failed'] }), { ...ours, onFinished: 'fail' })).toBe(
    'finished',
  )
  expect(onNameTaken(jobWith({ annotations: { 'podqueue/spec-hash': 'h2' } }), ours)).toBe('other')
  expect(onNameTaken(jobWith({}), ours)).toBe('other')
  expect(onNameTaken(jobWith({ annotations: theirs, deleting: true }), ours)).toBe('wait')
})

test('a queue is empty only when that is verified and nobody can give an item back', () => {
  expect(countOf({ ready: 0, consumers: 0, verified: true })).toBe('empty')
  expect(countOf({ ready: 2, consumers: 0, verified: true })).toBe('left')
  expect(countOf({ ready: 0, consumers: 0, verified: false })).toBe('again')
  expect(countOf({ ready: 0, consumers: 1, verified: true })).toBe('again')
})

test.each<{ what: string; inspect: () => unknown; says: RegExp }>([
  { what: 'returns nothing', inspect: async () => undefined, says: /returned no reading/ },
  {
    what: 'returns texts',
    inspect: async () => ({ ready: '0', consumers: 0, verified: true }),
    says: /no reading/,
  },
  {
    what: 'throws at once',
    inspect: () => {
      throw new Error('no broker')
    },
    says: /no broker/,
  },
  { what: 'never settles', inspect: () => new Promise(() => undefined), says: /did not answer/ },
])('a queue whose reading $what leaves the queue unverified, and hangs nothing', async ({ inspect, says }) => {
  const counted = await countQueue({ inspect } as RunQueue, { countTimeoutMs: 10 })
  expect(counted).toMatchObject({ verdict: 'unknown' })
  expect(describeUnknown(counted)).toMatch(says)
})

function podWith(state: object, phase = 'Pending'): PodObject {
  return {
    metadata: {
      name: 'work-0-abc',
      uid: 'p1',
      resourceVersion: '1',
      annotations: { 'batch.kubernetes.io/job-completion-index': '0' },
    },
    status: { phase, containerStatuses: [{ name: 'worker', restartCount: 0, state }] },
  }
}

test('a pod that waits for a reason that does not pass is told from one that is only starting', () => {
  expect(startFault(podWith({ waiting: { reason: 'ContainerCreating' } }))).toBeUndefined()
  expect(startFault(podWith({ waiting: { reason: 'InvalidImageName' } }))).toMatchObject({
    code: 'IMAGE_UNAVAILABLE',
    final: true,
  })
  expect(startFault(podWith({ waiting: { reason: 'ImagePullBackOff' } }))).toMatchObject({
    code: 'IMAGE_UNAVAILABLE',
    final: false,
  })
  const missing = { reason: 'CreateContainerConfigError', message: 'secret "broker" not found' }
  expect(startFault(podWith({ waiting: missing }))).toMatchObject({
    code: 'CONFIG_MISSING',
    failure: { message: missing.message },
  })
  const busy = 'failed to sync configmap cache: timed out waiting for the condition'
  expect(startFault(podWith({ waiting: { ...missing, message: busy } }))).toBeUndefined()
  const root = {
    reason: 'CreateContainerConfigError',
    message: 'container has runAsNonRoot and image will run as root',
  }
  expect(startFault(podWith({ waiting: root }))).toMatchObject({ code: 'POD_START_FAILED' })
})

test('a pod whose volumes are there, and which only pulls a large image, is not one that is being prepared', () => {
  const creating = podWith({ waiting: { reason: 'ContainerCreating' } })
  const on = (status: string): PodObject => ({
    ...creating,
    spec: { nodeName: 'n1' },
    status: { ...creating.status, conditions: [{ type: 'PodReadyToStartContainers', status }] },
  })
  expect(isBeingPrepared(on('False'))).toBe(true)
  expect(isBeingPrepared(on('True'))).toBe(false)
  expect(isBeingPrepared({ ...on('False'), spec: {} })).toBe(false)
})

test('a failed pod is described without the password in its words', () => {
  const terminated = { exitCode: 78, reason: 'Error', message: 'cannot reach amqp://user:geheim@host' }
  expect(failedAttempt(podWith({ terminated }, 'Failed'))?.failure).toEqual({
    name: 'work-0-abc',
    index: 0,
    exitCode: 78,
    reason: 'Error',
    message: 'cannot reach amqp://***@host',
  })
  expect(failedAttempt(podWith({ terminated: { exitCode: 0 } }, 'Succeeded'))).toBeUndefined()
})

test('the place of an error in a package with a scope is not taken for a password', () => {
  const message = 'Error: boom\n    at file:///app/node_modules/@scope/render/index.js:1:7'
  expect(failedAttempt(podWith({ terminated: { exitCode: 1, message } }, 'Failed'))?.failure).toMatchObject({ message })
})
