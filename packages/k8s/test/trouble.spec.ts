import { expect, test } from 'vitest'
import type { ContainerStatus, EventObject, JobObject, PodObject } from '../src/api/api-objects.ts'
import { failedAttempt } from '../src/pods/failed-attempt.ts'
import { heldPod } from '../src/pods/held-pod.ts'
import { notScheduled } from '../src/pods/not-scheduled.ts'
import { crashLoop } from '../src/trouble/crash-loop.ts'
import { FailureTally } from '../src/trouble/failure-tally.ts'
import { LookSchedule } from '../src/trouble/look-schedule.ts'
import { misconfiguredAttempts } from '../src/trouble/misconfigured.ts'
import { Refusals } from '../src/trouble/refusals.ts'
import { suspendedEvent } from '../src/trouble/suspension.ts'

type State = NonNullable<ContainerStatus['state']>

let pods = 0

/** A pod whose containers are in these states. Statuses come sorted by name, as the kubelet gives them. */
function pod(
  containers: Readonly<Record<string, State>>,
  more: {
    readonly phase?: string
    readonly init?: Readonly<Record<string, State>>
    readonly sidecars?: readonly string[]
    readonly restarts?: number
    readonly spec?: PodObject['spec']
    readonly status?: Partial<NonNullable<PodObject['status']>>
  } = {},
): PodObject {
  const { phase = 'Failed', init = {}, sidecars = [], restarts = 0, spec, status } = more
  const statuses = (states: Readonly<Record<string, State>>): ContainerStatus[] =>
    Object.entries(states)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, state]) => ({ name, restartCount: restarts, state }))
  pods++
  return {
    metadata: { name: `work-${pods}`, uid: `p${pods}`, resourceVersion: String(pods) },
    spec: {
      nodeName: 'n1',
      containers: Object.keys(containers).map((name) => ({ name })),
      initContainers: Object.keys(init).map((name) => ({
        name,
        ...(sidecars.includes(name) ? { restartPolicy: 'Always' } : {}),
      })),
      ...spec,
    },
    status: { phase, containerStatuses: statuses(containers), initContainerStatuses: statuses(init), ...status },
  }
}

const ended = (exitCode: number, reason = 'Error'): State => ({ terminated: { exitCode, reason } })
const runs: State = { running: {} }

function tallyOf(failed: readonly PodObject[]): FailureTally {
  const tally = new FailureTally()
  for (const one of failed) {
    const attempt = failedAttempt(one)
    if (attempt !== undefined) tally.add(attempt)
  }
  return tally
}

const times = (count: number, make: () => PodObject): PodObject[] => Array.from({ length: count }, make)

test('a failure is the container worker’s by name, whatever the names of the containers beside it', () => {
  expect(failedAttempt(pod({ 'a-proxy': ended(1), worker: ended(78) }))?.failure).toMatchObject({ exitCode: 78 })
  expect(failedAttempt(pod({ 'a-proxy': runs, worker: ended(3) }, { phase: 'Running' }))?.failure).toMatchObject({
    exitCode: 3,
  })
  expect(failedAttempt(pod({ 'a-proxy': ended(1), worker: runs }, { phase: 'Running' }))).toBeUndefined()
})

test('a sidecar that makes its pod fail is told as the sidecar, and is no misconfigured worker', () => {
  const failed = pod({ 'a-proxy': ended(78), worker: ended(0, 'Completed') })
  expect(failedAttempt(failed)?.failure).toMatchObject({ container: 'a-proxy', exitCode: 78 })
  expect(misconfiguredAttempts(tallyOf([failed]))).toEqual([])
})

test('a native sidecar’s exit code says nothing; a failing init container is told by its name', () => {
  const sidecar = { init: { proxy: ended(143) }, sidecars: ['proxy'] }
  expect(failedAttempt(pod({ worker: ended(78) }, sidecar))?.failure).toMatchObject({ exitCode: 78 })
  const setup = { init: { setup: ended(5) } }
  expect(failedAttempt(pod({ worker: { waiting: { reason: 'PodInitializing' } } }, setup))?.failure).toMatchObject({
    container: 'setup',
    exitCode: 5,
  })
})

test('the pod’s own reason comes before the containers’, without their exit code', () => {
  const status = { reason: 'Evicted', message: 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ' }
  const evicted = failedAttempt(pod({ worker: ended(137) }, { status }))?.failure
  expect(evicted).toMatchObject({ reason: 'Evicted', message: status.message.trim() })
  expect(evicted).not.toHaveProperty('exitCode')
})

test('a Job that podqueue did not build has its default container, or its first, as the worker', () => {
  const foreign = pod({ render: ended(3), 'a-proxy': ended(0) })
  expect(failedAttempt(foreign)?.failure).toMatchObject({ exitCode: 3 })
  expect(failedAttempt(foreign)?.failure).not.toHaveProperty('container')
})

const loop = { parallelism: 1, failed: 0, succeeded: 0 }

test('three rejections by the kubelet that are alike end a run, though no container ever ran', () => {
  const rejected = (): PodObject => pod({}, { status: { reason: 'OutOfcpu', message: 'Node didn’t have enough cpu' } })
  expect(crashLoop(tallyOf(times(2, rejected)), loop)).toBeUndefined()
  expect(crashLoop(tallyOf(times(3, rejected)), loop)).toMatchObject({ count: 3 })
})

test('pods that a disruption ended are no crash loop, nor workers that lost their lease or were asked to end', () => {
  const disrupted = { conditions: [{ type: 'DisruptionTarget', status: 'True' }], reason: 'Evicted' }
  expect(crashLoop(tallyOf(times(9, () => pod({ worker: ended(137) }, { status: disrupted }))), loop)).toBeUndefined()
  for (const code of [75, 143]) {
    expect(crashLoop(tallyOf(times(9, () => pod({ worker: ended(code) }))), loop)).toBeUndefined()
  }
})

test('a container that runs again after failing is no crash loop: it may do better this time', () => {
  const healed = pod({ worker: runs }, { phase: 'Running', restarts: 5 })
  const [worker] = healed.status?.containerStatuses ?? []
  if (worker !== undefined) Object.assign(worker, { lastState: ended(3) })
  expect(crashLoop(tallyOf([healed]), loop)).toBeUndefined()
  if (worker !== undefined) Object.assign(worker, { state: { waiting: { reason: 'CrashLoopBackOff' } } })
  expect(crashLoop(tallyOf([healed]), loop)).toMatchObject({ count: 5 })
})

test('two kinds of failure mixed: each is counted by itself, and a sample stands for the whole by its share', () => {
  const mixed = [...times(41, () => pod({ worker: ended(1) })), ...times(41, () => pod({ worker: ended(137) }))]
  const wide = { ...loop, parallelism: 40, failed: 82 }
  expect(crashLoop(tallyOf(mixed), wide)).toMatchObject({ count: 41 })
  expect(crashLoop(tallyOf(mixed.slice(1, -1)), { ...wide, failed: 80 })).toBeUndefined()
  // Of 4,000 failed pods a thousand were read.
  const read = [...times(300, () => pod({ worker: ended(1) })), ...times(700, () => pod({ worker: ended(2) }))]
  expect(crashLoop(tallyOf(read), { ...wide, parallelism: 2500, failed: 4000 })).toMatchObject({ count: 2800 })
})

test('a misconfigured worker is found among thousands of other failures', () => {
  const failed = [...times(3000, () => pod({ worker: ended(1) })), pod({ worker: ended(78) })]
  expect(misconfiguredAttempts(tallyOf(failed))).toMatchObject([{ failure: { exitCode: 78 } }])
})

test('of many failures that are alike the newest are kept', () => {
  const failed = times(500, () => pod({ worker: ended(1) }))
  const names = tallyOf(failed).newest()
  expect(names.map(({ failure }) => failure.name)).toEqual(
    failed
      .slice(-20)
      .reverse()
      .map(({ metadata }) => metadata.name),
  )
})

function jobWith(status: JobObject['status'], metadata: Partial<JobObject['metadata']> = {}): JobObject {
  return {
    metadata: { name: 'work', uid: 'u1', resourceVersion: '1', ...metadata },
    spec: { completions: 4, template: { spec: {} } },
    ...(status === undefined ? {} : { status }),
  }
}

function refusal(uid: string, count = 1): EventObject {
  return {
    metadata: { name: uid, uid, resourceVersion: '1' },
    reason: 'FailedCreate',
    message: `refused ${uid}`,
    count,
  }
}

test('a refusal counts while no pod was ever made', () => {
  const refusals = new Refusals()
  refusals.noteJob(jobWith({}))
  expect(refusals.current([refusal('a')])).toEqual(['refused a'])
  expect(refusals.current([refusal('a')])).toEqual(['refused a'])
})

test('a refusal no longer counts once a pod was made, and counts again when it is repeated after that', () => {
  const refusals = new Refusals()
  refusals.current([refusal('a', 3)])
  refusals.noteJob(jobWith({ active: 1 }))
  refusals.noteJob(jobWith({ active: 0 })) // it failed, and is counted when it is replaced
  expect(refusals.current([refusal('a', 3)])).toEqual([])
  expect(refusals.current([refusal('a', 3), refusal('b')])).toEqual(['refused b'])
  expect(refusals.current([refusal('a', 4), refusal('b')])).toEqual(['refused a', 'refused b'])
  refusals.noteJob(jobWith({ active: 1, failed: 1 }))
  expect(refusals.current([refusal('a', 4), refusal('b')])).toEqual([])
})

test('a wait that begins in the middle of a back-off does not believe refusals from before', () => {
  const refusals = new Refusals()
  refusals.noteJob(jobWith({ active: 0 }))
  refusals.notePodsExist()
  expect(refusals.current([refusal('a')])).toEqual([])
  refusals.notePodsExist()
  expect(refusals.current([refusal('a', 2)])).toEqual(['refused a'])
})

test('looks come soon at first and then once in 30 s: about 120 an hour, however often the Job changes', () => {
  const schedule = new LookSchedule(120_000)
  const looks: number[] = []
  for (let second = 0; second < 3600; second++) if (schedule.due('pods', second * 1000)) looks.push(second)
  expect(looks.slice(0, 7)).toEqual([0, 2, 6, 14, 30, 60, 90])
  expect(looks.length).toBeLessThan(125)
  expect(schedule.due('failures', 3_600_000)).toBe(true)
})

test('a short grace has at least four looks, and no grace more than two a second', () => {
  expect(new LookSchedule(8000).everyMs).toBe(2000)
  expect(new LookSchedule(0).everyMs).toBe(500)
})

test('a pod without a node says why: no room, gates, or no scheduler at all', () => {
  const pending = (spec: PodObject['spec'], conditions: NonNullable<PodObject['status']>['conditions'] = []) => {
    const made = pod({}, { phase: 'Pending', status: { conditions } })
    return notScheduled({ ...made, spec: { ...spec } })
  }
  const condition = { type: 'PodScheduled', status: 'False' }
  expect(pending({}, [{ ...condition, reason: 'Unschedulable', message: 'Insufficient cpu' }])).toMatchObject({
    reason: 'Unschedulable',
    message: 'Insufficient cpu',
  })
  expect(
    pending({ schedulingGates: [{ name: 'example.org/wait' }] }, [{ ...condition, reason: 'SchedulingGated' }]),
  ).toMatchObject({ reason: 'SchedulingGated', message: expect.stringContaining('example.org/wait') })
  expect(pending({ schedulerName: 'nobody' })).toMatchObject({
    reason: 'NotScheduled',
    message: expect.stringContaining('nobody'),
  })
  expect(pending({ nodeName: 'n1' })).toBeUndefined()
})

test('a pod is held by a container that runs after the worker’s end; a native sidecar holds none', () => {
  const running = { phase: 'Running' }
  expect(heldPod(pod({ 'log-shipper': runs, worker: ended(1) }, running))).toMatchObject({
    exitCode: 1,
    containers: ['log-shipper'],
  })
  expect(heldPod(pod({ 'log-shipper': runs, worker: runs }, running))).toBeUndefined()
  const again = { ...running, spec: { restartPolicy: 'OnFailure' } }
  expect(heldPod(pod({ 'log-shipper': runs, worker: ended(1) }, again))).toBeUndefined()
  expect(heldPod(pod({ 'log-shipper': runs, worker: ended(0) }, again))).toMatchObject({ exitCode: 0 })
  const native = { ...running, init: { proxy: runs }, sidecars: ['proxy'] }
  expect(heldPod(pod({ worker: ended(0) }, native))).toBeUndefined()
})

test('a suspension says by whom: Kueue’s queue, the client that set it, or nobody known; podqueue’s own when its submit never ended', () => {
  const fieldsV1 = { 'f:spec': { 'f:suspend': {} } }
  const by = (metadata: Partial<JobObject['metadata']>, forMs = 0): string | undefined =>
    suspendedEvent(jobWith({}, metadata), { forMs, graceMs: 1000 })?.message
  expect(by({ labels: { 'kueue.x-k8s.io/queue-name': 'team-a' } })).toContain('Kueue has not admitted it')
  expect(by({ managedFields: [{ manager: 'kubectl-patch', fieldsV1 }] })).toContain('kubectl-patch')
  expect(by({})).toContain('spec.suspend is true')
  const awaiting = { annotations: { 'podqueue/awaiting-secret': 'x', 'podqueue/run-id': 'friday' } }
  expect(by(awaiting)).toBeUndefined()
  expect(by(awaiting, 1000)).toContain('friday')
})
