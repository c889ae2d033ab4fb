import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

export const ownership: Behaviours = {
  'adopts a pod again that has lost its owner, and holds it': async (cluster) => {
    const job = await cluster.createJob('adopts', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    const bare = { metadata: { ownerReferences: null, finalizers: null } }
    await cluster.call('PATCH', cluster.path('pods', pod.metadata.name), bare, MERGE)
    const adopted = await job.pod(({ metadata }) => metadata.ownerReferences !== undefined)
    expect(adopted.metadata.uid).toBe(pod.metadata.uid)
    expect(adopted.metadata.ownerReferences).toEqual(pod.metadata.ownerReferences)
    expect(adopted.metadata.finalizers).toEqual(['batch.kubernetes.io/job-tracking'])
    await job.state(({ status }) => status.active === 1)
  },

  'releases a pod that has lost its labels, and starts another': async (cluster) => {
    const job = await cluster.createJob('releases', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    const path = cluster.path('pods', pod.metadata.name)
    await cluster.call('PATCH', path, { metadata: { labels: null } }, MERGE)
    const other = await job.pod(
      ({ metadata, status }) => metadata.uid !== pod.metadata.uid && status.phase === 'Running',
    )
    expect(other.metadata.ownerReferences).toEqual(pod.metadata.ownerReferences)
    const { metadata, status } = (await cluster.call('GET', path)).body
    expect(metadata).not.toHaveProperty('ownerReferences')
    expect(metadata).not.toHaveProperty('finalizers')
    expect(status.phase).toBe('Running')
    expect((await job.read()).status).not.toHaveProperty('failed')
  },
}
