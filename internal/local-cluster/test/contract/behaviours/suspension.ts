import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, has, indexOf } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

export const suspension: Behaviours = {
  'that is suspended from the start has no pod, no startTime, and says so': async (cluster) => {
    const job = await cluster.createJob('held', { suspend: true })
    const held = await job.state((state) => has(state, 'Suspended'))
    expect(condition(held, 'Suspended')).toMatchObject({ reason: 'JobSuspended', message: 'Job suspended' })
    expect(held.status).not.toHaveProperty('startTime')
    expect(await job.pods()).toEqual([])
  },

  'that is resumed starts, with a startTime of then and Suspended False': async (cluster) => {
    const job = await cluster.createJob('resumed', { suspend: true })
    await job.state((state) => has(state, 'Suspended'))
    await job.patch({ spec: { suspend: false } })
    const done = await job.finished()
    expect(condition(done, 'Suspended')).toMatchObject({
      status: 'False',
      reason: 'JobResumed',
      message: 'Job resumed',
    })
    const since = Date.parse(condition(done, 'Suspended')?.lastTransitionTime ?? '')
    expect(Math.abs(Date.parse(done.status.startTime ?? '') - since)).toBeLessThanOrEqual(1000)
    expect(done.status.succeeded).toBe(1)
  },

  'has events of its suspension and its resume': async (cluster) => {
    const job = await cluster.createJob('told-held', { suspend: true })
    await job.state((state) => has(state, 'Suspended'))
    await job.patch({ spec: { suspend: false } })
    const events = await job.events((all) => all.some(({ reason }) => reason === 'Completed'))
    const told = events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)
    expect(told).toContain('Normal Suspended Job suspended')
    expect(told).toContain('Normal Resumed Job resumed')
  },

  'that is suspended while it runs ends its pods and does not count them as failed': async (cluster) => {
    const job = await cluster.createJob('paused', { parallelism: 2, completions: 2 }, shell(UNTIL_TERM))
    await job.state(({ status }) => status.ready === 2)
    await job.patch({ spec: { suspend: true } })
    const held = await job.state((state) => has(state, 'Suspended') && state.status.terminating === 0)
    expect(held.status).not.toHaveProperty('failed')
    expect(held.status).not.toHaveProperty('active')
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'that is resumed goes on where it was: completed indexes are not run again': async (cluster) => {
    const script = `[ $JOB_COMPLETION_INDEX = 0 ] && exit 0; ${UNTIL_TERM}`
    const spec = { completions: 2, parallelism: 1, completionMode: 'Indexed' }
    const job = await cluster.createJob('goes-on-later', spec, shell(script))
    await job.state(({ status }) => status.completedIndexes === '0' && status.ready === 1)
    await job.patch({ spec: { suspend: true } })
    await job.podsThat((pods) => pods.length === 1)
    await job.patch({ spec: { suspend: false } })
    const again = await job.podsThat((pods) => pods.some((pod) => indexOf(pod) === '1'))
    expect(again.map(indexOf).sort()).toEqual(['0', '1'])
    expect((await job.read()).status.completedIndexes).toBe('0')
  },

  'that is suspended is not ended by its deadline, which runs anew from the resume': async (cluster) => {
    const job = await cluster.createJob('patient', { suspend: true, activeDeadlineSeconds: 1 }, shell(UNTIL_TERM))
    await job.state((state) => has(state, 'Suspended'))
    const other = await cluster.createJob('patient-other', { activeDeadlineSeconds: 1 }, shell(UNTIL_TERM))
    expect(condition(await other.finished(), 'Failed')?.reason).toBe('DeadlineExceeded')
    expect(condition(await job.read(), 'Failed')).toBeUndefined()
    await job.patch({ spec: { suspend: false } })
    expect(condition(await job.finished(), 'Failed')?.reason).toBe('DeadlineExceeded')
  },

  'that another controller manages is left alone': async (cluster) => {
    const theirs = await cluster.createJob('theirs', { managedBy: 'example.org/other' })
    const ours = await cluster.createJob('ours', { managedBy: 'kubernetes.io/job-controller' })
    await ours.finished()
    expect((await theirs.read()).status).toEqual({})
    expect(await theirs.pods()).toEqual([])
  },

  'that is suspended and never ran may be given other nodes, but no other command': async (cluster) => {
    const job = await cluster.createJob('placed', { suspend: true })
    const nodes = await job.patch({ spec: { template: { spec: { nodeSelector: { disk: 'fast' } } } } })
    expect(nodes.status).toBe(200)
    expect(nodes.body.spec.template.spec.nodeSelector).toEqual({ disk: 'fast' })
    const command = await job.patch({ spec: { template: { spec: { restartPolicy: 'OnFailure' } } } })
    expect(command.status).toBe(422)
    expect(command.body.details.causes[0]).toMatchObject({ field: 'spec.template', reason: 'FieldValueInvalid' })
  },
}
