import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { byAge, condition, has, indexOf } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

const indexed = (completions: number, more: object = {}) => ({
  completions,
  parallelism: completions,
  completionMode: 'Indexed',
  ...more,
})
const FAILURES = 'batch.kubernetes.io/job-index-failure-count'

export const indexes: Behaviours = {
  'gives each pod its index in JOB_COMPLETION_INDEX, an annotation and a label': async (cluster) => {
    const job = await cluster.createJob('index', indexed(3), shell('echo $JOB_COMPLETION_INDEX'))
    await job.finished()
    const pods = await job.pods()
    expect(pods.map(indexOf).sort()).toEqual(['0', '1', '2'])
    for (const pod of pods) {
      expect(await job.log(pod)).toBe(`${indexOf(pod)}\n`)
      expect(pod.metadata.labels?.['batch.kubernetes.io/job-completion-index']).toBe(indexOf(pod))
    }
  },

  'names its pods and their hosts by their index': async (cluster) => {
    const job = await cluster.createJob('names', indexed(2), shell('hostname 2>/dev/null; echo $HOSTNAME'))
    await job.finished()
    for (const pod of await job.pods()) {
      expect(pod.metadata.name).toMatch(new RegExp(`^names-${indexOf(pod)}-[a-z0-9]{5}$`))
      expect(pod.spec.hostname).toBe(`names-${indexOf(pod)}`)
      expect((await job.log(pod)).trim().split('\n').at(-1)).toBe(`names-${indexOf(pod)}`)
    }
  },

  'writes the indexes that completed as ranges, two in a row apart': async (cluster) => {
    const script = 'case $JOB_COMPLETION_INDEX in 3|6) exit 1;; esac'
    const job = await cluster.createJob('ranges', indexed(7, { backoffLimitPerIndex: 0 }), shell(script))
    const { status } = await job.finished()
    expect(status).toMatchObject({ completedIndexes: '0-2,4,5', failedIndexes: '3,6', succeeded: 5, failed: 2 })
  },

  'goes on with the other indexes when one has failed, and says FailedIndexes at the end': async (cluster) => {
    const script = '[ $JOB_COMPLETION_INDEX != 0 ]'
    const job = await cluster.createJob(
      'goes-on',
      indexed(3, { parallelism: 1, backoffLimitPerIndex: 0 }),
      shell(script),
    )
    const done = await job.finished()
    expect(condition(done, 'Failed')).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' })
    expect(done.status).toMatchObject({ completedIndexes: '1,2', failedIndexes: '0' })
  },

  'retries an index up to backoffLimitPerIndex, and tells the pod how often it failed before': async (cluster) => {
    const script = '[ $JOB_COMPLETION_INDEX != 1 ]'
    const job = await cluster.createJob('retries', indexed(2, { backoffLimitPerIndex: 1 }), shell(script))
    const done = await job.finished()
    expect(done.status).toMatchObject({ completedIndexes: '0', failedIndexes: '1', failed: 2 })
    const pods = byAge(await job.pods())
    expect(pods.map(indexOf).sort()).toEqual(['0', '1', '1'])
    const failures = pods.filter((pod) => indexOf(pod) === '1').map(({ metadata }) => metadata.annotations?.[FAILURES])
    expect(failures.sort()).toEqual(['0', '1'])
  },

  'ends with MaxFailedIndexesExceeded and deletes the other pods': async (cluster) => {
    const script = `[ $JOB_COMPLETION_INDEX = 0 ] && exit 1; ${UNTIL_TERM}`
    const spec = indexed(3, { backoffLimitPerIndex: 0, maxFailedIndexes: 0 })
    const job = await cluster.createJob('max-failed', spec, shell(script))
    const done = await job.finished()
    expect(condition(done, 'Failed')).toMatchObject({
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    })
    expect(done.status.failedIndexes).toBe('0')
    expect(done.status).not.toHaveProperty('active')
  },

  'with FailIndex fails an index without a retry': async (cluster) => {
    const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }]
    const script = '[ $JOB_COMPLETION_INDEX = 1 ] && exit 42; exit 0'
    const spec = indexed(2, { backoffLimitPerIndex: 5, podFailurePolicy: { rules } })
    const job = await cluster.createJob('fail-index', spec, shell(script))
    const done = await job.finished()
    expect(done.status).toMatchObject({ completedIndexes: '0', failedIndexes: '1', failed: 1 })
    expect(await job.pods()).toHaveLength(2)
  },

  'starts its indexes in their order': async (cluster) => {
    const job = await cluster.createJob('order', indexed(3, { parallelism: 1 }))
    const states = await job.until((state) => has(state, 'Complete'))
    const order = states.map(({ status }) => status.completedIndexes ?? '')
    expect(order.filter((text, at) => text !== order[at - 1])).toEqual(['', '0', '0,1', '0-2'])
  },

  'may grow and shrink when completions and parallelism are changed together': async (cluster) => {
    // One index runs on, so that the Job is not complete before it has grown.
    const script = `[ $JOB_COMPLETION_INDEX = 0 ] && exit 0; ${UNTIL_TERM}`
    const job = await cluster.createJob('elastic', indexed(2), shell(script))
    await job.state(({ status }) => status.completedIndexes === '0' && status.ready === 1)
    expect((await job.patch({ spec: { completions: 3, parallelism: 3 } })).status).toBe(200)
    await job.state(({ status }) => status.completedIndexes === '0' && status.ready === 2)
    expect((await job.patch({ spec: { completions: 1, parallelism: 1 } })).status).toBe(200)
    expect((await job.finished()).status).toMatchObject({ succeeded: 1, completedIndexes: '0' })
  },

  'retries an index in a new pod of the same index with the backoffLimit of the Job': async (cluster) => {
    const script = '[ $JOB_COMPLETION_INDEX != 0 ]'
    const job = await cluster.createJob('same-index', indexed(2, { backoffLimit: 1, parallelism: 1 }), shell(script))
    const done = await job.finished()
    expect(condition(done, 'Failed')?.reason).toBe('BackoffLimitExceeded')
    expect((await job.pods()).map(indexOf)).toEqual(['0', '0'])
    expect(done.status).not.toHaveProperty('failedIndexes')
  },

  'defaults the backoffLimit to no limit when there is one per index': async (cluster) => {
    const job = await cluster.createJob('per-index', indexed(1, { backoffLimitPerIndex: 3, suspend: true }))
    expect(job.created.spec).toMatchObject({ backoffLimit: 2147483647, backoffLimitPerIndex: 3 })
  },
}
