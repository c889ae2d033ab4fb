import { expect } from 'vitest'
import type { KubeObject } from '../../../src/objects/objects.ts'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, has } from '../job-under-test.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const gated = { schedulingGates: [{ name: 'example.org/quota' }] }

export const scheduling: Behaviours = {
  'with a scheduling gate waits without a node, and says so': async (cluster) => {
    const job = await cluster.createJob('gated', {}, shell('true', {}, gated))
    const pod = await job.pod((each) => condition(each, 'PodScheduled') !== undefined)
    expect(condition(pod, 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    })
    expect(pod.status.phase).toBe('Pending')
    expect(pod.spec).not.toHaveProperty('nodeName')
    expect((await job.state(({ status }) => status.active === 1)).status).toMatchObject({ active: 1, ready: 0 })
  },

  'whose last scheduling gate is removed starts': async (cluster) => {
    const job = await cluster.createJob('ungated', {}, shell('true', {}, gated))
    const pod = await job.pod((each) => condition(each, 'PodScheduled') !== undefined)
    const path = cluster.path('pods', pod.metadata.name)
    const { status, body } = await cluster.call('PATCH', path, { spec: { schedulingGates: null } }, MERGE)
    expect(status).toBe(200)
    expect(body.spec).not.toHaveProperty('schedulingGates')
    expect((await job.finished()).status.succeeded).toBe(1)
  },

  'may lose scheduling gates, and get none': async (cluster) => {
    const job = await cluster.createJob('more-gates', {}, shell('true', {}, gated))
    const pod = await job.pod((each) => condition(each, 'PodScheduled') !== undefined)
    const more = { spec: { schedulingGates: [...gated.schedulingGates, { name: 'example.org/more' }] } }
    const { status, body } = await cluster.call('PATCH', cluster.path('pods', pod.metadata.name), more, MERGE)
    expect(status).toBe(422)
    expect(body.details.causes[0]).toMatchObject({
      field: 'spec.schedulingGates[1].name',
      reason: 'FieldValueForbidden',
      message: "Forbidden: only deletion is allowed, but found new scheduling gate 'example.org/more'",
    })
  },

  'with a scheduling gate is gone as soon as it is deleted, and its Job replaces it': async (cluster) => {
    const job = await cluster.createJob('gated-deleted', {}, shell('true', {}, gated))
    const pod = await job.pod((each) => condition(each, 'PodScheduled') !== undefined)
    await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
    const left = await job.podsThat((pods) => pods.every(({ metadata }) => metadata.uid !== pod.metadata.uid))
    for (const { metadata } of left) expect(metadata.uid).not.toBe(pod.metadata.uid)
    await job.state(({ status }) => status.failed === 1 && status.active === 1)
  },

  'for another scheduler waits for that': async (cluster) => {
    const job = await cluster.createJob('elsewhere', {}, shell('true', {}, { schedulerName: 'example-scheduler' }))
    // This one is made later, and runs to its end.
    const other = await cluster.createJob('elsewhere-not', {})
    await other.finished()
    const [pod] = await job.pods()
    expect(pod?.status.phase).toBe('Pending')
    expect(pod?.spec).not.toHaveProperty('nodeName')
    expect(has(await job.read(), 'Failed')).toBe(false)
  },

  'runs on a node that is ready and in the list of the nodes that take pods': async (cluster) => {
    const job = await cluster.createJob('placed-on', {}, shell(UNTIL_TERM))
    const pod = await job.pod()
    expect(condition(pod, 'PodScheduled')?.status).toBe('True')
    const { body } = await cluster.call('GET', '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse')
    const node = body.items.find(({ metadata }: KubeObject) => metadata.name === pod.spec.nodeName)
    expect(node && condition(node, 'Ready')?.status).toBe('True')
    const none = await cluster.call('GET', '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue')
    expect(none.body.items).toEqual([])
  },
}
