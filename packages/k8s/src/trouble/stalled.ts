import { redact } from '@internal/errors'
import type { JobObject, PodObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { countsOf } from '../job/job-state.ts'
import { allContainers } from '../pods/containers.ts'
import { notScheduled } from '../pods/not-scheduled.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#delegation-of-managing-a-job-object-to-external-controller */
const JOB_CONTROLLER = 'kubernetes.io/job-controller'

/** The external controller that a Job is delegated to, while it has not touched the Job; undefined otherwise. */
export function absentController(job: JobObject): string | undefined {
  const { managedBy } = job.spec
  if (managedBy === undefined || managedBy === JOB_CONTROLLER) return undefined
  const { active, succeeded, failed, terminating } = countsOf(job)
  const touched = job.status?.startTime !== undefined || active + succeeded + failed + terminating > 0
  return touched ? undefined : managedBy
}

/** The facts about a Job of which nothing moves. */
interface Stillness {
  /** Its pods that have not ended. */
  readonly pods: readonly PodObject[]
  /** How many failed attempts were seen. */
  readonly failures: number
  /** For how long no pod was ready. */
  readonly ms: number
}

/** The event for a Job of which nothing moves, for no reason that has an event of its own: everything that it and its pods say. */
export function notMovingEvent(job: JobObject, { pods, failures, ms }: Stillness): StuckEvent {
  const words = [...wordsOfJob(job), ...wordsOfPods(pods, failures)].join('; ')
  const message = `nothing has moved for ${Math.round(ms / 1000)} s: ${words}`
  return { reason: 'NotMoving', message, ...(pods[0] === undefined ? {} : { pod: pods[0].metadata.name }) }
}

/** The error for a Job whose controller does not exist. */
export function jobStalled(job: JobObject, managedBy: string, graceMs: number): JobFailedError {
  const ref = refOf(job)
  return new JobFailedError({
    code: 'JOB_STALLED',
    message: `Nothing of Job ${ref.namespace}/${ref.name} moved for ${Math.round(graceMs / 1000)} s: ${unmanaged(managedBy)}`,
    hint: 'Start that controller, or leave `managedBy` out of `template`. scheduleGraceMs says how long it may take.',
    job: { ...ref, reason: 'NotMoving', pods: [] },
  })
}

function unmanaged(managedBy: string): string {
  return `spec.managedBy names ${managedBy}, and no controller of that name has started the Job`
}

function wordsOfJob(job: JobObject): string[] {
  const managedBy = absentController(job)
  if (managedBy !== undefined) return [unmanaged(managedBy)]
  if (job.status?.startTime === undefined) return ['the Job controller has not started the Job']
  const conditions = (job.status.conditions ?? []).filter(({ status, message }) => status === 'True' && message)
  return conditions.map(({ type, message = '' }) => `${type}: ${redact(message)}`)
}

function wordsOfPods(pods: readonly PodObject[], failures: number): string[] {
  const [pod] = pods
  if (pod === undefined && failures > 0) return ['Kubernetes replaces failed pods after a delay of up to 10 minutes']
  if (pod === undefined) return ['it has no pods']
  const { name } = pod.metadata
  const place = notScheduled(pod)
  if (place !== undefined) return [`pod ${name}: ${place.message}`]
  const conditions = (pod.status?.conditions ?? [])
    .filter(({ status, message }) => status === 'False' && message)
    .map(({ type, message = '' }) => `${type}: ${redact(message)}`)
  const containers = allContainers(pod).map(({ name: container, state }) => {
    const { reason = 'waiting', message = '' } = state?.waiting ?? {}
    if (state?.running !== undefined) return `container ${container} runs`
    if (state?.terminated !== undefined) return `container ${container} ended (exit ${state.terminated.exitCode})`
    return `container ${container}: ${[reason, redact(message)].filter(Boolean).join(': ')}`
  })
  const node = pod.spec?.nodeName ?? 'no node'
  return [`pod ${name} on ${node} is ${pod.status?.phase ?? 'unknown'}`, ...conditions, ...containers]
}
