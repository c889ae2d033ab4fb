import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf, JOBS, shell, TestCluster } from './api-client.ts'

const MERGE = { 'content-type': 'application/merge-patch+json' }
let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('a Job', () => {
  it('of 8 completions at parallelism 2 completes and never has more than 2 pods active', async () => {
    await cluster.createJob('eight', { completions: 8, parallelism: 2 }, { command: ['true'] })
    const states = await cluster.jobUntil('eight', (job) => conditionOf(job, 'Complete') !== undefined)
    expect(Math.max(...states.map(({ status }) => status.active ?? 0))).toBe(2)
    expect(states.at(-1)?.status).toMatchObject({ succeeded: 8, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
    expect(states.at(-1)?.status).not.toHaveProperty('active')
    expect(states.at(-1)?.status.completionTime).toBeDefined()
    expect(await cluster.pods('eight')).toHaveLength(8)
  })

  it('of no completions is complete at once, without a pod', async () => {
    await cluster.createJob('none', { completions: 0 }, { command: ['true'] })
    const job = await cluster.finished('none')
    expect(conditionOf(job, 'Complete')?.reason).toBe('CompletionsReached')
    expect(job.status.startTime).toBeDefined()
    expect(await cluster.pods('none')).toHaveLength(0)
  })

  it('says SuccessCriteriaMet before Complete', async () => {
    await cluster.createJob('criteria', {}, { command: ['true'] })
    const states = await cluster.jobUntil('criteria', (job) => conditionOf(job, 'Complete') !== undefined)
    const first = states.find((job) => conditionOf(job, 'SuccessCriteriaMet'))
    expect(first && conditionOf(first, 'Complete')).toBeUndefined()
    expect(states.at(-1)?.status.conditions).toMatchObject([
      {
        type: 'SuccessCriteriaMet',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      },
      { type: 'Complete', reason: 'CompletionsReached' },
    ])
    const events = await cluster.events('criteria')
    expect(events.map(({ reason }) => reason)).toEqual(['SuccessfulCreate', 'Completed'])
  })

  it('without completions is complete when one pod has succeeded and none runs', async () => {
    await cluster.createJob('any', { parallelism: 3 }, { command: ['true'] })
    const { status } = await cluster.finished('any')
    expect(status.succeeded).toBe(3)
  })

  it('with backoffLimit 0 fails with BackoffLimitExceeded at the first failure', async () => {
    await cluster.createJob('limit', { backoffLimit: 0 }, { command: shell('exit 3') })
    const job = await cluster.finished('limit')
    expect(conditionOf(job, 'Failed')).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    })
    expect(conditionOf(job, 'FailureTarget')).toBeDefined()
    expect(job.status.failed).toBe(1)
    expect(job.status).not.toHaveProperty('completionTime')
  })

  it('retries up to backoffLimit with a new pod each time', async () => {
    await cluster.createJob('retries', { backoffLimit: 2 }, { command: shell('exit 1') })
    const job = await cluster.finished('retries')
    expect(job.status.failed).toBe(3)
    expect(await cluster.pods('retries')).toHaveLength(3)
  })

  it('that is Indexed retries a failing index alone and names the indexes that completed', async () => {
    await cluster.createJob(
      'indexed',
      { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 3 },
      { command: shell('[ "$JOB_COMPLETION_INDEX" != 2 ]') },
    )
    const job = await cluster.finished('indexed')
    expect(conditionOf(job, 'Failed')).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' })
    expect(job.status).toMatchObject({ completedIndexes: '0,1,3', failedIndexes: '2', succeeded: 3, failed: 4 })
    const pods = await cluster.pods('indexed')
    const indexes = pods.map((pod) => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'])
    expect(indexes.sort()).toEqual(['0', '1', '2', '2', '2', '2', '3'])
    const names = pods.map((pod) => pod.metadata.name)
    for (const name of names) expect(name).toMatch(/^indexed-[0-3]-[a-z0-9]{5}$/)
  })

  it('with maxFailedIndexes ends before the others are done', async () => {
    await cluster.createJob(
      'max-failed',
      { completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 0, maxFailedIndexes: 0 },
      { command: shell('[ "$JOB_COMPLETION_INDEX" = 0 ] && exit 1; exec sleep 60'), terminationGracePeriodSeconds: 1 },
    )
    const job = await cluster.finished('max-failed')
    expect(conditionOf(job, 'Failed')?.reason).toBe('MaxFailedIndexesExceeded')
  })

  it('with OnFailure restarts its container in place', async () => {
    await cluster.createJob('in-place', { backoffLimit: 3 }, { restartPolicy: 'OnFailure', command: shell('exit 1') })
    const job = await cluster.finished('in-place')
    expect(conditionOf(job, 'Failed')?.reason).toBe('BackoffLimitExceeded')
    expect(job.status.failed).toBe(1)
    const created = (await cluster.events('in-place')).filter(({ reason }) => reason === 'SuccessfulCreate')
    expect(created).toHaveLength(1)
  })

  it('that is suspended starts nothing until it is resumed by a patch', async () => {
    await cluster.createJob('suspended', { suspend: true }, { command: ['true'] })
    const states = await cluster.jobUntil('suspended', (job) => conditionOf(job, 'Suspended') !== undefined)
    expect(states.at(-1)?.status).not.toHaveProperty('startTime')
    expect(await cluster.pods('suspended')).toHaveLength(0)
    await cluster.call('PATCH', `${JOBS}/suspended`, { spec: { suspend: false } }, MERGE)
    const job = await cluster.finished('suspended')
    expect(job.status.succeeded).toBe(1)
    expect(job.status.startTime).toBeDefined()
    expect(job.status.conditions?.[0]).toMatchObject({ type: 'Suspended', status: 'False', reason: 'JobResumed' })
  })

  it('that is being suspended ends its pods and does not count them as failed', async () => {
    await cluster.createJob('pausing', {}, { command: shell('exec sleep 60') })
    await cluster.podThat('pausing', ({ status }) => status.phase === 'Running')
    await cluster.call('PATCH', `${JOBS}/pausing`, { spec: { suspend: true } }, MERGE)
    const states = await cluster.jobUntil(
      'pausing',
      (job) => conditionOf(job, 'Suspended') !== undefined && job.status.terminating === 0,
    )
    expect(states.at(-1)?.status).not.toHaveProperty('failed')
    expect(await cluster.pods('pausing')).toHaveLength(0)
  })

  it('past activeDeadlineSeconds fails with DeadlineExceeded and ends its pods', async () => {
    await cluster.createJob(
      'deadline',
      { activeDeadlineSeconds: 1, parallelism: 2 },
      { command: shell('exec sleep 60') },
    )
    const job = await cluster.finished('deadline')
    expect(conditionOf(job, 'Failed')).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    })
    expect(job.status.failed).toBe(2)
  })

  it('with ttlSecondsAfterFinished goes by itself, and its pods with it', async () => {
    await cluster.createJob('brief', { ttlSecondsAfterFinished: 0 }, { command: ['true'] })
    for await (const { type } of cluster.watch(JOBS, { fieldSelector: 'metadata.name=brief', resourceVersion: '1' })) {
      if (type === 'DELETED') break
    }
    expect(await cluster.pods('brief')).toHaveLength(0)
  })

  it('with a podFailurePolicy fails at once on the exit code that it names', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [78] } }]
    await cluster.createJob('policy', { podFailurePolicy: { rules } }, { command: shell('exit 78') })
    const job = await cluster.finished('policy')
    expect(conditionOf(job, 'Failed')?.reason).toBe('PodFailurePolicy')
    expect(conditionOf(job, 'Failed')?.message).toMatch(/failed with exit code 78 matching FailJob rule at index 0$/)
  })

  it('replaces a pod that somebody deletes', async () => {
    await cluster.createJob('replaced', {}, { command: shell('exec sleep 60'), terminationGracePeriodSeconds: 1 })
    const first = await cluster.podThat('replaced', ({ status }) => status.phase === 'Running')
    await cluster.call('DELETE', `/api/v1/namespaces/default/pods/${first.metadata.name}`)
    const second = await cluster.podThat(
      'replaced',
      ({ metadata, status }) => metadata.uid !== first.metadata.uid && status.phase === 'Running',
    )
    expect(second.metadata.name).not.toBe(first.metadata.name)
    expect((await cluster.job('replaced')).status.failed).toBe(1)
  })
})
