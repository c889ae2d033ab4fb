import { expect, test } from 'vitest'
import type { JobObject, PodObject } from '../src/api/api-objects.ts'
import type { JobResult } from '../src/job/job-result.ts'
import { decisionOf, endOf } from '../src/job/job-state.ts'
import { failedAttempt } from '../src/pods/failed-attempt.ts'
import { isBeingPrepared, startFault } from '../src/pods/start-fault.ts'
import { countQueue, describeUnknown } from '../src/queue/count-queue.ts'
import { describeDeadItems, nameDeadItems } from '../src/queue/dead-items.ts'
import { countOf, type RunQueue } from '../src/queue/queue-reading.ts'
import { judge } from '../src/run/judge.ts'
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

const dead = (id: string, more: object = {}): object => ({ id, reason: 'It is no fruit.', ...more })

test('the items that died in a run are named: those behind the dead letters at its start, 20 at most', async () => {
  const asked: object[] = []
  const queue = {
    inspect: async () => expect.fail('it is read'),
    listDeadLetters: async ({ skip, limit }: { skip: number; limit: number }) => {
      asked.push({ skip, limit })
      return Array.from({ length: limit + 5 }, (_, index) => dead(`item-${skip + index}`))
    },
  } as unknown as RunQueue
  const named = await nameDeadItems(queue, { before: 3, count: 50 })
  expect(asked).toEqual([{ skip: 3, limit: 20 }])
  const lines = describeDeadItems(named, 50).split('\n')
  expect(lines).toHaveLength(22)
  expect(lines.slice(1, 3)).toEqual(['  item item-3: It is no fruit.', '  item item-4: It is no fruit.'])
  expect(lines.at(-1)).toBe('  and 30 more')
})

test('a dead item says its place in its batch, its last failure, the exit code, the attempts and the pod', async () => {
  const lastFailure = {
    message: 'no such table',
    exitCode: 3,
    attempts: 6,
    pod: 'work-7-abc',
    standardError: 'one\ntwo',
  }
  const found = [
    dead('b-7', { batch: 'b', index: 7, reason: 'Its deliveries are used up.', lastFailure }),
    dead('b-8', { lastFailure: { message: 'It is no fruit.', attempts: 1 } }),
    { reason: 'A client rejected it.' },
  ]
  const queue = { listDeadLetters: async () => found } as unknown as RunQueue
  const named = await nameDeadItems(queue, { before: 0, count: 3 })
  expect(named).toEqual({ items: found })
  expect(describeDeadItems(named, 3).split('\n').slice(1)).toEqual([
    '  item b-7, index 7 of batch b: Its deliveries are used up. Last failure: no such table (exit 3, 6 attempts, pod work-7-abc)',
    '  item b-8: It is no fruit. (1 attempt)',
    '  item without an id: A client rejected it.',
  ])
})

test('texts of dead items hold no password and no terminal escape, and are bounded', async () => {
  const evil = {
    id: 'amqp://app:s3cret@rabbit',
    batch: 7,
    index: 'first',
    reason: `\x1b[2J${'x'.repeat(10_000)}`,
    lastFailure: { message: 'password=s3cret\n\x07', exitCode: Number.NaN, standardError: 'token=s3cret' },
  }
  const queue = { listDeadLetters: async () => [evil, null] } as unknown as RunQueue
  const named = await nameDeadItems(queue, { before: 0, count: 2 })
  const text = JSON.stringify(named) + describeDeadItems(named, 2)
  for (const hidden of ['s3cret', '\x1b', '\x07']) expect(text).not.toContain(hidden)
  expect(text.length).toBeLessThan(6_000)
  expect(named).toMatchObject({ items: [{ id: 'amqp://***@rabbit' }, { reason: 'No reason is known.' }] })
  expect(named).not.toHaveProperty('items.0.index')
})

test.each<{ what: string; listDeadLetters: () => unknown; says: RegExp }>([
  {
    what: 'is not permitted',
    listDeadLetters: async () => Promise.reject(new Error('NOT_PERMITTED: read on job1.dead')),
    says: /cannot be read: NOT_PERMITTED: read on job1\.dead/,
  },
  { what: 'is no list', listDeadLetters: () => 'none', says: /cannot be read: it is no array/ },
  {
    what: 'holds what cannot be read',
    listDeadLetters: async () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return [proxy]
    },
    says: /cannot be read: /,
  },
])('dead letters whose list $what: the verdict stays, and says so', async ({ listDeadLetters, says }) => {
  const queue = { listDeadLetters } as unknown as RunQueue
  const named = await nameDeadItems(queue, { before: 0, count: 2 })
  const job: JobResult = { name: 'j', namespace: 'n', completions: 2, succeeded: 2, failed: 0, durationMs: 1 }
  const counted = { verdict: 'empty', reading: { ready: 0, consumers: 0, verified: true, deadLetters: 2 } } as const
  const judgement = { queue: 'job1', deadBefore: 0, named }
  const error = await (async () => judge(job, counted, judgement))().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'DEAD_LETTERED', message: expect.stringMatching(says) })
  expect(judge(job, counted, { ...judgement, deadLettered: 'report' })).toEqual({
    ...job,
    leftover: 0,
    deadLettered: 2,
  })
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
