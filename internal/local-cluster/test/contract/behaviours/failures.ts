import { expect } from 'vitest'
import { DEAF, shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, has, stateOf } from '../job-under-test.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const rule = (action: string, operator: string, ...values: number[]) => ({ action, onExitCodes: { operator, values } })
const policy = (...rules: object[]) => ({ podFailurePolicy: { rules } })

/** A container prints, or exits with, the value that its pod's annotation has at the time of its start. */
const turn = { name: 'TURN', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['turn']" } } }

export const failures: Behaviours = {
  'with backoffLimit 0 fails at the first failure, without a completionTime': async (cluster) => {
    const job = await cluster.createJob('limit', { backoffLimit: 0 }, shell('exit 3'))
    const done = await job.finished()
    expect(condition(done, 'Failed')).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    })
    expect(done.status.failed).toBe(1)
    expect(done.status).not.toHaveProperty('completionTime')
  },

  'retries in a new pod up to backoffLimit times, and keeps the failed ones': async (cluster) => {
    const job = await cluster.createJob('limited', { backoffLimit: 1 }, shell('exit 1'))
    expect((await job.finished()).status.failed).toBe(2)
    const pods = await job.pods()
    expect(pods.map(({ status }) => status.phase)).toEqual(['Failed', 'Failed'])
  },

  'has an event of its failure with the reason of its condition': async (cluster) => {
    const job = await cluster.createJob('warned', { backoffLimit: 0 }, shell('exit 1'))
    const events = await job.events((all) => all.some(({ type }) => type === 'Warning'))
    expect(events.find(({ type }) => type === 'Warning')).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    })
  },

  'says FailureTarget at once, and Failed when its last pod has ended': async (cluster) => {
    const job = await cluster.createJob('target', {}, shell(DEAF, {}, { terminationGracePeriodSeconds: 3 }))
    await job.readyPod()
    await job.patch({ spec: { activeDeadlineSeconds: 1 } })
    const states = await job.until((state) => has(state, 'Failed'))
    const between = states.filter((state) => has(state, 'FailureTarget') && !has(state, 'Failed'))
    expect(between.some(({ status }) => status.terminating === 1 && status.active === undefined)).toBe(true)
    expect(states.at(-1)?.status).toMatchObject({ terminating: 0, failed: 1 })
  },

  'past activeDeadlineSeconds fails with DeadlineExceeded and ends its pods': async (cluster) => {
    const job = await cluster.createJob('deadline', { activeDeadlineSeconds: 2, parallelism: 2 }, shell(UNTIL_TERM))
    const done = await job.finished()
    expect(condition(done, 'Failed')).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    })
    expect(done.status).toMatchObject({ failed: 2 })
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'has an event SuccessfulDelete of each pod that it deletes': async (cluster) => {
    const job = await cluster.createJob('taken', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    await job.patch({ spec: { activeDeadlineSeconds: 1 } })
    const events = await job.events((all) => all.some(({ reason }) => reason === 'DeadlineExceeded'))
    expect(events.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
      `SuccessfulDelete: Deleted pod: ${pod.metadata.name}`,
    )
  },

  'with OnFailure restarts the container in the same pod until it succeeds': async (cluster) => {
    const pod = shell('[ "$TURN" = good ] && exit 0; sleep 1; exit 1', { env: [turn] }, { restartPolicy: 'OnFailure' })
    const job = await cluster.createJob('in-place', { backoffLimit: 20 }, pod)
    const { metadata } = await job.pod()
    const good = { metadata: { annotations: { turn: 'good' } } }
    await cluster.call('PATCH', cluster.path('pods', metadata.name), good, MERGE)
    const { status } = await job.finished()
    expect(status).toMatchObject({ succeeded: 1 })
    expect(status).not.toHaveProperty('failed')
    const [only, ...others] = await job.pods()
    expect(others).toEqual([])
    expect(only?.metadata.uid).toBe(metadata.uid)
    expect(only?.status.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(1)
  },

  'with OnFailure shows how a container ended the last time while it runs again': async (cluster) => {
    const script = `[ "$TURN" != good ] && { sleep 1; exit 7; }; ${UNTIL_TERM}`
    const pod = shell(script, { env: [turn] }, { restartPolicy: 'OnFailure' })
    const job = await cluster.createJob('last-state', { backoffLimit: 20 }, pod)
    const { metadata } = await job.pod()
    const good = { metadata: { annotations: { turn: 'good' } } }
    await cluster.call('PATCH', cluster.path('pods', metadata.name), good, MERGE)
    const again = await job.pod(({ status }) => {
      const [first] = status.containerStatuses ?? []
      return first?.state.running !== undefined && first.restartCount > 0
    })
    expect(again.status.containerStatuses?.[0]?.lastState.terminated).toMatchObject({ exitCode: 7, reason: 'Error' })
  },

  'with OnFailure counts restarts against backoffLimit, and its pod as one failure': async (cluster) => {
    const job = await cluster.createJob(
      'restarts',
      { backoffLimit: 2 },
      shell('exit 1', {}, { restartPolicy: 'OnFailure' }),
    )
    const done = await job.finished()
    expect(condition(done, 'Failed')?.reason).toBe('BackoffLimitExceeded')
    expect(done.status.failed).toBe(1)
    const events = await job.events((all) => all.some(({ reason }) => reason === 'BackoffLimitExceeded'))
    expect(events.filter(({ reason }) => reason === 'SuccessfulCreate')).toHaveLength(1)
  },

  'with OnFailure shows a container between restarts as CrashLoopBackOff, in a pod that is Running': async (
    cluster,
  ) => {
    const job = await cluster.createJob(
      'crashing',
      { backoffLimit: 50 },
      shell('exit 1', {}, { restartPolicy: 'OnFailure' }),
    )
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'CrashLoopBackOff')
    expect(pod.status.phase).toBe('Running')
    expect(stateOf(pod).waiting?.message).toMatch(
      /^back-off \d+m?\d*s restarting failed container=main pod=crashing-[a-z0-9]{5}_.+\(.+\)$/,
    )
    expect((await job.read()).status.active).toBe(1)
  },

  'with FailJob fails at the first pod with that exit code, and says which': async (cluster) => {
    const spec = { backoffLimit: 5, completions: 2, parallelism: 2, completionMode: 'Indexed' }
    const script = `[ $JOB_COMPLETION_INDEX = 1 ] && exit 78; ${UNTIL_TERM}`
    const job = await cluster.createJob(
      'fail-job',
      { ...spec, ...policy(rule('FailJob', 'In', 64, 78)) },
      shell(script),
    )
    const done = await job.finished()
    const { reason, message } = condition(done, 'Failed') ?? {}
    expect(reason).toBe('PodFailurePolicy')
    expect(message).toMatch(
      /^Container main for pod podqueue-contract-\w+\/fail-job-1-\w{5} failed with exit code 78 matching FailJob rule at index 0$/,
    )
    expect(done.status).toMatchObject({ failed: 2 })
  },

  'with NotIn applies a rule to every other exit code but 0': async (cluster) => {
    const job = await cluster.createJob(
      'not-in',
      { backoffLimit: 5, ...policy(rule('FailJob', 'NotIn', 1, 2)) },
      shell('exit 3'),
    )
    expect(condition(await job.finished(), 'Failed')?.reason).toBe('PodFailurePolicy')
  },

  'applies the first rule that fits: Count counts towards backoffLimit': async (cluster) => {
    const rules = policy(rule('Count', 'In', 3), rule('FailJob', 'In', 3, 4))
    const job = await cluster.createJob('count', { backoffLimit: 0, ...rules }, shell('exit 3'))
    expect(condition(await job.finished(), 'Failed')?.reason).toBe('BackoffLimitExceeded')
  },

  'applies a rule with a containerName to that container only': async (cluster) => {
    const pod = shell('exit 3')
    const [main] = pod.containers ?? []
    const containers = [main, { ...main, name: 'side', command: ['true'] }]
    const onSide = { action: 'FailJob', onExitCodes: { containerName: 'side', operator: 'In', values: [3] } }
    const job = await cluster.createJob('by-name', { backoffLimit: 0, ...policy(onSide) }, {
      ...pod,
      containers,
    } as typeof pod)
    expect(condition(await job.finished(), 'Failed')?.reason).toBe('BackoffLimitExceeded')
  },

  'with Ignore replaces a failed pod without counting it': async (cluster) => {
    const job = await cluster.createJob(
      'ignore',
      { backoffLimit: 0, ...policy(rule('Ignore', 'In', 42)) },
      shell('exit 42'),
    )
    await job.podsThat((pods) => pods.filter(({ status }) => status.phase === 'Failed').length >= 2)
    const { status } = await job.read()
    expect(status).not.toHaveProperty('failed')
    expect(status).not.toHaveProperty('conditions')
    await job.delete('Background')
  },
}
