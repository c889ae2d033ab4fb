import { expect } from 'vitest'
import { DEAF, shell, UNTIL_TERM } from '../contract-cluster.ts'
import { byAge, condition, has } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

export const completions: Behaviours = {
  'without completions and parallelism is one pod': async (cluster) => {
    const job = await cluster.createJob('one', {})
    expect((await job.finished()).status).toMatchObject({ succeeded: 1 })
    expect(await job.pods()).toHaveLength(1)
  },

  'of many completions never has more pods active than its parallelism': async (cluster) => {
    const job = await cluster.createJob('four', { completions: 4, parallelism: 2 })
    const states = await job.until((state) => has(state, 'Complete'))
    expect(Math.max(...states.map(({ status }) => status.active ?? 0))).toBe(2)
    expect(states.at(-1)?.status.succeeded).toBe(4)
    expect(await job.pods()).toHaveLength(4)
  },

  'starts no more pods than completions are left': async (cluster) => {
    const job = await cluster.createJob('few', { completions: 2, parallelism: 5 })
    await job.finished()
    expect(await job.pods()).toHaveLength(2)
  },

  'with 0 completions is complete without a pod': async (cluster) => {
    const job = await cluster.createJob('none', { completions: 0 })
    const { status } = await job.finished()
    expect(status.startTime).toBeDefined()
    expect(await job.pods()).toHaveLength(0)
  },

  'with parallelism 0 waits until that is raised': async (cluster) => {
    const job = await cluster.createJob('waiting', { parallelism: 0, completions: 1 })
    const { status } = await job.state(({ status }) => status.startTime !== undefined)
    expect(status).not.toHaveProperty('active')
    expect(await job.pods()).toHaveLength(0)
    await job.patch({ spec: { parallelism: 1 } })
    expect((await job.finished()).status.succeeded).toBe(1)
  },

  'with parallelism alone is complete when one pod has succeeded and all have ended': async (cluster) => {
    const job = await cluster.createJob('queue', { parallelism: 3 })
    const { status } = await job.finished()
    expect(status.succeeded).toBe(3)
    expect(await job.pods()).toHaveLength(3)
  },

  'says SuccessCriteriaMet, and then Complete with the completionTime': async (cluster) => {
    const job = await cluster.createJob('criteria', {})
    const states = await job.until((state) => has(state, 'Complete'))
    const met = states.findIndex((state) => has(state, 'SuccessCriteriaMet'))
    expect(states[met] && has(states[met], 'Complete')).toBe(false)
    const { status } = states.at(-1) ?? job.created
    const why = { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    expect(status.conditions).toMatchObject([
      { type: 'SuccessCriteriaMet', status: 'True', ...why },
      { type: 'Complete', status: 'True', ...why },
    ])
    expect(Date.parse(status.completionTime ?? '')).toBeGreaterThanOrEqual(Date.parse(status.startTime ?? ''))
  },

  'counts a pod as active, and then as ready': async (cluster) => {
    const job = await cluster.createJob('counters', {}, shell(UNTIL_TERM))
    const states = await job.until(({ status }) => status.ready === 1)
    const counts = states.map(({ status: { active = 0, ready = 0 } }) => `${active} active, ${ready} ready`)
    expect([...new Set(counts)]).toEqual(['0 active, 0 ready', '1 active, 0 ready', '1 active, 1 ready'])
  },

  'has uncountedTerminatedPods empty and terminating 0 when it is complete': async (cluster) => {
    const job = await cluster.createJob('settled', { completions: 2, parallelism: 2 })
    expect((await job.finished()).status).toEqual({
      conditions: expect.anything(),
      startTime: expect.any(String),
      completionTime: expect.any(String),
      succeeded: 2,
      terminating: 0,
      uncountedTerminatedPods: {},
      ready: 0,
    })
  },

  'keeps its pods and their logs when it is complete': async (cluster) => {
    const job = await cluster.createJob('kept', {}, shell('echo done'))
    await job.finished()
    const [pod] = await job.pods()
    expect(pod?.status.phase).toBe('Succeeded')
    expect(pod && (await job.log(pod))).toBe('done\n')
  },

  'replaces a pod that somebody deletes, and counts it as failed': async (cluster) => {
    const job = await cluster.createJob('replaced', {}, shell('trap "exit 1" TERM; sleep 600 & echo ready; wait'))
    const first = await job.readyPod()
    await cluster.call('DELETE', cluster.path('pods', first.metadata.name))
    const second = await job.pod((pod) => pod.metadata.uid !== first.metadata.uid && pod.status.phase === 'Running')
    expect(second.metadata.name).not.toBe(first.metadata.name)
    expect((await job.read()).status.failed).toBe(1)
  },

  'replaces a pod that is being deleted before it has ended': async (cluster) => {
    const job = await cluster.createJob('early', {}, shell(DEAF))
    const first = await job.readyPod()
    await cluster.call('DELETE', cluster.path('pods', first.metadata.name))
    const { status } = await job.state(({ status }) => status.active === 1 && status.terminating === 1)
    expect(status.failed).toBe(1)
  },

  'with podReplacementPolicy Failed replaces a pod only when it has ended': async (cluster) => {
    const pod = shell(DEAF, {}, { terminationGracePeriodSeconds: 3 })
    const job = await cluster.createJob('late', { podReplacementPolicy: 'Failed' }, pod)
    const first = await job.readyPod()
    await cluster.call('DELETE', cluster.path('pods', first.metadata.name))
    const states = await job.until(({ status }) => status.failed === 1 && status.active === 1)
    expect(states.some(({ status }) => status.terminating === 1 && status.active === undefined)).toBe(true)
    expect(states.some(({ status }) => status.terminating === 1 && status.active === 1)).toBe(false)
  },

  'starts more pods when its parallelism is raised': async (cluster) => {
    const job = await cluster.createJob('raised', { completions: 3, parallelism: 1 }, shell(UNTIL_TERM))
    await job.readyPod()
    await job.patch({ spec: { parallelism: 3 } })
    expect((await job.state(({ status }) => status.ready === 3)).status.active).toBe(3)
  },

  'deletes the pods that are too many when its parallelism is lowered, and does not count them as failed': async (
    cluster,
  ) => {
    const job = await cluster.createJob('lowered', { completions: 3, parallelism: 3 }, shell(UNTIL_TERM))
    await job.state(({ status }) => status.ready === 3)
    await job.patch({ spec: { parallelism: 1 } })
    const { status } = await job.state(({ status }) => status.active === 1 && status.terminating === 0)
    expect(status).not.toHaveProperty('failed')
    expect(await job.podsThat((pods) => pods.length === 1)).toHaveLength(1)
  },

  'holds each pod by a finalizer until it is counted': async (cluster) => {
    const job = await cluster.createJob('tracked', {})
    const held: string[] = []
    for await (const { status, metadata } of job.podStates()) {
      if (metadata.finalizers === undefined) {
        expect(status.phase).toBe('Succeeded')
        break
      }
      expect(metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking'])
      if (status.phase !== held.at(-1)) held.push(status.phase)
    }
    expect(held.at(0)).toBe('Pending')
    expect(held.at(-1)).toBe('Succeeded')
    expect((await job.finished()).status.succeeded).toBe(1)
  },

  'of two containers counts a pod as succeeded only when both have': async (cluster) => {
    const both = shell('true')
    const [main] = both.containers ?? []
    const containers = [main, { ...main, name: 'side', command: ['sh', '-c', 'exit 2'] }]
    const job = await cluster.createJob('both', { backoffLimit: 0 }, { ...both, containers } as typeof both)
    const { status } = await job.finished()
    expect(status).toMatchObject({ failed: 1 })
    expect(status).not.toHaveProperty('succeeded')
    const [pod] = await job.pods()
    expect(pod?.status.containerStatuses?.map(({ state }) => state.terminated?.exitCode).sort()).toEqual([0, 2])
  },

  'has events of its pods and of its end': async (cluster) => {
    const job = await cluster.createJob('told', { completions: 2, parallelism: 1 })
    await job.finished()
    const events = await job.events((all) => all.some(({ reason }) => reason === 'Completed'))
    const names = byAge(await job.pods()).map(({ metadata }) => `Created pod: ${metadata.name}`)
    const created = events.filter(({ reason }) => reason === 'SuccessfulCreate')
    expect(created.map(({ message }) => message).sort()).toEqual(names.sort())
    expect(events.at(-1)).toMatchObject({ type: 'Normal', reason: 'Completed', message: 'Job completed' })
  },

  'has no Failed condition when a retry succeeded in the end': async (cluster) => {
    const again = await cluster.create('configmaps', { metadata: { name: 'again' }, data: { code: '1' } })
    const env = [{ name: 'CODE', valueFrom: { configMapKeyRef: { name: 'again', key: 'code' } } }]
    const job = await cluster.createJob('retried', { backoffLimit: 50 }, shell('exit $CODE', { env }))
    await job.state(({ status }) => status.failed === 1)
    await cluster.call('PUT', cluster.path('configmaps', 'again'), { ...again, data: { code: '0' } })
    const done = await job.finished()
    expect(condition(done, 'Complete')).toBeDefined()
    expect(condition(done, 'Failed')).toBeUndefined()
    expect(done.status.succeeded).toBe(1)
  },
}
