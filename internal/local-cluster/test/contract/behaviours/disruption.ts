import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, has, stateOf } from '../job-under-test.ts'
import { STRATEGIC_MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

/** An image that no registry has: the pod waits. */
const waiting = shell('', { image: 'registry.invalid/none:1', command: undefined })
const onDisruption = (action: string) => ({
  podFailurePolicy: { rules: [{ action, onPodConditions: [{ type: 'DisruptionTarget' }] }] },
})
/** Runs until it is told to end, and has failed then. */
const FAILS_AT_TERM = 'trap "exit 143" TERM; sleep 600 & echo ready; wait'

export const disruption: Behaviours = {
  'that is evicted says so in its status, and then ends': async (cluster) => {
    const job = await cluster.createJob('evicted', {}, shell(FAILS_AT_TERM))
    const pod = await job.readyPod()
    await using _ = await job.hold(pod)
    const { name } = pod.metadata
    const { status, body } = await cluster.call('POST', cluster.path('pods', name, 'eviction'), {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name },
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({ kind: 'Status', status: 'Success' })
    const failed = await job.pod((each) => each.metadata.uid === pod.metadata.uid && each.status.phase === 'Failed')
    expect(condition(failed, 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
    })
    expect(failed.metadata.deletionTimestamp).toBeDefined()
  },

  'that is evicted does not count with a rule that ignores disruptions': async (cluster) => {
    const spec = { backoffLimit: 0, ...onDisruption('Ignore') }
    const job = await cluster.createJob('evicted-ignored', spec, shell(FAILS_AT_TERM))
    const { metadata } = await job.readyPod()
    await cluster.call('POST', cluster.path('pods', metadata.name, 'eviction'), {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: metadata.name },
    })
    const next = await job.pod((each) => each.metadata.uid !== metadata.uid && each.status.phase === 'Running')
    expect(next.metadata.uid).not.toBe(metadata.uid)
    const { status } = await job.read()
    expect(status).not.toHaveProperty('failed')
    expect(status.active).toBe(1)
  },

  'keeps a foreign condition': async (cluster) => {
    const job = await cluster.createJob('foreign-condition', { backoffLimit: 0 }, shell(FAILS_AT_TERM))
    const pod = await job.readyPod()
    await using _ = await job.hold(pod)
    const { metadata } = pod
    const mine = { type: 'example.org/Checked', status: 'True', reason: 'Looked', message: 'all well' }
    const path = cluster.path('pods', metadata.name)
    const patched = await cluster.call('PATCH', `${path}/status`, { status: { conditions: [mine] } }, STRATEGIC_MERGE)
    expect(patched.status).toBe(200)
    await job.patch({ spec: { activeDeadlineSeconds: 1 } })
    const ended = await job.pod((each) => each.metadata.uid === metadata.uid && each.status.phase === 'Failed')
    expect(condition(ended, 'example.org/Checked')).toMatchObject(mine)
    expect(condition(ended, 'Ready')?.status).toBe('False')
  },

  'fails its Job when a rule matches a foreign condition': async (cluster) => {
    const rules = [{ action: 'FailJob', onPodConditions: [{ type: 'example.org/Broken', status: 'True' }] }]
    const job = await cluster.createJob(
      'condition-matched',
      { backoffLimit: 5, podFailurePolicy: { rules } },
      shell(FAILS_AT_TERM),
    )
    const { metadata } = await job.readyPod()
    const path = cluster.path('pods', metadata.name)
    const broken = { status: { conditions: [{ type: 'example.org/Broken', status: 'True' }] } }
    await cluster.call('PATCH', `${path}/status`, broken, STRATEGIC_MERGE)
    await cluster.call('DELETE', path)
    expect(condition(await job.finished(), 'Failed')).toMatchObject({
      reason: 'PodFailurePolicy',
      message: expect.stringMatching(/has condition example.org\/Broken matching FailJob rule at index 0$/),
    })
  },

  'that waits and is deleted is replaced when its Job replaces only failed pods': async (cluster) => {
    const job = await cluster.createJob('waiting-deleted', { podReplacementPolicy: 'Failed' }, waiting)
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'ImagePullBackOff')
    await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
    const { status } = await job.state((state) => state.status.failed === 1 && state.status.active === 1)
    expect(status.terminating ?? 0).toBe(0)
    const [next] = await job.podsThat((pods) => pods.length === 1)
    expect(next?.metadata.uid).not.toBe(pod.metadata.uid)
  },

  'that waits and is deleted fails a Job without retries': async (cluster) => {
    const spec = { backoffLimit: 0, ...onDisruption('Ignore') }
    const job = await cluster.createJob('waiting-lost', spec, waiting)
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'ImagePullBackOff')
    await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
    const done = await job.finished()
    expect(has(done, 'Failed')).toBe(true)
    expect(condition(done, 'Failed')?.reason).toBe('BackoffLimitExceeded')
  },

  'of two containers lists them by their names': async (cluster) => {
    const two = shell(UNTIL_TERM)
    const [main] = two.containers ?? []
    const job = await cluster.createJob('two-by-name', {}, {
      ...two,
      containers: [main, { ...main, name: 'a-proxy' }],
    } as typeof two)
    const pod = await job.pod()
    expect(pod.status.containerStatuses?.map(({ name }) => name)).toEqual(['a-proxy', 'main'])
  },
}
