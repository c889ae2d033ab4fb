import { expect } from 'vitest'
import type { ContainerStatus, Pod, PodSpec } from '../../../src/objects/objects.ts'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, stateOf } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

/** Writes the time when it is told to end, to the nanosecond, and exits with `code`. Leaves a file before, once it can be told. */
const untilTermWith = (code: number, file?: string) =>
  `trap "date +%s%N; exit ${code}" TERM; sleep 600 & echo ready; ${file === undefined ? '' : `touch /shared/${file}; `}wait`

/** Waits for files that other containers of the pod leave: a container that runs may not have come far. */
const untilThere = (...files: string[]) =>
  files.map((file) => `until [ -e /shared/${file} ]; do sleep 0.1; done; `).join('')

const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }
const init = (name: string, script: string, more: object = {}) => ({
  ...shell(script).containers?.[0],
  name,
  command: ['sh', '-c', script],
  ...mount,
  ...more,
})
const sidecar = (name: string, script: string) => init(name, script, { restartPolicy: 'Always' })
const withInits = (pod: Partial<PodSpec>, ...initContainers: object[]) =>
  ({ ...pod, initContainers, volumes: [{ name: 'shared', emptyDir: {} }] }) as unknown as Partial<PodSpec>

/** The containers of a pod that have started, in the order of `names`. */
const startedOf = ({ status }: Pod, names: readonly string[]) => {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const waiting = new Set(statuses.filter(({ state }) => state.waiting !== undefined).map(({ name }) => name))
  return statuses.length === 0 ? [] : names.filter((name) => !waiting.has(name))
}

const initStatus = (pod: Pod | undefined, name: string): ContainerStatus | undefined =>
  pod?.status.initContainerStatuses?.find((each) => each.name === name)

export const sidecars: Behaviours = {
  'runs before the main container, and beside it': async (cluster) => {
    const job = await cluster.createJob('beside', {}, withInits(shell(UNTIL_TERM), sidecar('proxy', UNTIL_TERM)))
    const pod = await job.pod(({ status }) => status.containerStatuses?.[0]?.state.running !== undefined)
    expect(initStatus(pod, 'proxy')).toMatchObject({ state: { running: {} }, ready: true, started: true })
    expect(condition(pod, 'Initialized')?.status).toBe('True')
  },

  'is ended when the main container has ended, and its exit code does not count': async (cluster) => {
    const pod = withInits(shell('exit 0'), sidecar('proxy', untilTermWith(143)))
    const job = await cluster.createJob('ended-after', { backoffLimit: 0 }, pod)
    const { status } = await job.finished()
    expect(status).toMatchObject({ succeeded: 1 })
    const [ended] = await job.pods()
    expect(ended?.status.phase).toBe('Succeeded')
    expect(initStatus(ended, 'proxy')?.state.terminated?.exitCode).toBe(143)
  },

  'does not hide the exit code of a main container that failed': async (cluster) => {
    const pod = withInits(shell('exit 78'), sidecar('proxy', untilTermWith(143)))
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [78, 143] } }]
    const job = await cluster.createJob('not-hidden', { backoffLimit: 5, podFailurePolicy: { rules } }, pod)
    const done = await job.finished()
    expect(condition(done, 'Failed')?.message).toMatch(/^Container main for pod .* failed with exit code 78 matching/)
    const [failed] = await job.pods()
    expect(stateOf(failed).terminated?.exitCode).toBe(78)
    expect(initStatus(failed, 'proxy')?.state.terminated).toBeDefined()
  },

  'and other init containers start in the order of the spec': async (cluster) => {
    const pod = withInits(
      shell('date +%s%N'),
      init('first', 'date +%s%N'),
      sidecar('second', `date +%s%N; touch /shared/second; ${UNTIL_TERM}`),
      init('third', `${untilThere('second')}date +%s%N`),
    )
    const job = await cluster.createJob('in-order', {}, pod)
    const names = ['first', 'second', 'third', 'main']
    let done: Pod | undefined
    for await (const state of job.podStates()) {
      const started = startedOf(state, names)
      expect(started).toEqual(names.slice(0, started.length))
      done = state
      if (state.status.phase === 'Succeeded') break
    }
    if (!done) throw new Error('no pod')
    const ended = done
    const logs = await Promise.all(names.map((container) => job.log(ended, { container })))
    const times = logs.map((text) => Number(text.split('\n')[0]))
    expect(times.toSorted((a, b) => a - b)).toEqual(times)
  },

  'ends after those that started later': async (cluster) => {
    const pod = withInits(
      shell(`${untilThere('early', 'late')}true`, mount),
      sidecar('early', untilTermWith(0, 'early')),
      sidecar('late', untilTermWith(0, 'late')),
    )
    const job = await cluster.createJob('reverse', {}, pod)
    await job.finished()
    const [done] = await job.pods()
    if (!done) throw new Error('no pod')
    const [early, late] = await Promise.all(
      ['early', 'late'].map(async (container) => Number((await job.log(done, { container })).split('\n')[1])),
    )
    expect(late).toBeLessThan(early ?? 0)
  },

  'that ends is started again, also in a pod that restarts nothing else': async (cluster) => {
    const pod = withInits(shell(UNTIL_TERM), sidecar('proxy', 'sleep 0.5; exit 3'))
    const job = await cluster.createJob('again-beside', {}, pod)
    const again = await job.pod(
      (each) => stateOf(each).running !== undefined && (initStatus(each, 'proxy')?.restartCount ?? 0) > 0,
    )
    expect(initStatus(again, 'proxy')?.lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' })
    expect(again.status.phase).toBe('Running')
  },

  'that cannot start keeps the main container waiting': async (cluster) => {
    const proxy = { ...sidecar('proxy', 'true'), image: 'registry.invalid/none:1', command: undefined }
    const job = await cluster.createJob('kept-waiting', {}, withInits(shell('true'), proxy))
    const pod = await job.pod((each) => initStatus(each, 'proxy')?.state.waiting?.reason === 'ImagePullBackOff')
    expect(pod.status.phase).toBe('Pending')
    expect(stateOf(pod).waiting?.reason).toBe('PodInitializing')
    expect(condition(pod, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized' })
  },

  'ends too when an init container after it has failed': async (cluster) => {
    const pod = withInits(
      shell('true'),
      sidecar('proxy', untilTermWith(0, 'proxy')),
      init('failing', `${untilThere('proxy')}exit 5`),
    )
    const job = await cluster.createJob('init-fails', { backoffLimit: 0 }, pod)
    expect((await job.finished()).status).toMatchObject({ failed: 1 })
    const [failed] = await job.pods()
    expect(failed?.status.phase).toBe('Failed')
    expect(initStatus(failed, 'proxy')?.state.terminated?.exitCode).toBe(0)
  },

  'of a pod that is deleted ends after the main container': async (cluster) => {
    // Two seconds, since the times of a status are whole seconds.
    const script = 'trap "sleep 2; exit 0" TERM; sleep 600 & echo ready; wait'
    const pod = withInits(shell(script), sidecar('proxy', untilTermWith(0)))
    const job = await cluster.createJob('deleted-after', {}, pod)
    const running = await job.readyPod()
    await using _ = await job.hold(running)
    await cluster.call('DELETE', cluster.path('pods', running.metadata.name))
    const { uid } = running.metadata
    const ended = await job.pod(({ metadata, status }) => metadata.uid === uid && status.phase === 'Succeeded')
    const [main, proxy] = [stateOf(ended), initStatus(ended, 'proxy')?.state].map((state) =>
      Date.parse(state?.terminated?.finishedAt ?? ''),
    )
    expect(proxy).toBeGreaterThanOrEqual(main ?? Number.POSITIVE_INFINITY)
  },

  'is an init container with the restart policy Always: other policies of containers are dropped': async (cluster) => {
    const spec = withInits(
      shell('true', { restartPolicy: 'Always' }),
      init('once', 'true', { restartPolicy: 'OnFailure' }),
      sidecar('proxy', UNTIL_TERM),
    )
    const job = await cluster.createJob('policies', { suspend: true }, spec)
    const { containers, initContainers = [] } = job.created.spec.template.spec
    expect([...containers, ...initContainers].map(({ restartPolicy }) => restartPolicy)).toEqual([
      undefined,
      undefined,
      'Always',
    ])
  },
}
