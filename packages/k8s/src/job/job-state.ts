import type { JobCondition, JobObject } from '../api/api-objects.ts'

/** The counts of a Job. */
export interface JobCounts {
  /** The number of pods that must succeed. */
  readonly completions: number
  readonly succeeded: number
  /** Failed attempts so far. A run may have many and still complete. */
  readonly failed: number
  /** Pods that are pending or running, and not being ended. */
  readonly active: number
  /** Those of them that are ready: their container runs. */
  readonly ready: number
  /** Pods that are being ended. */
  readonly terminating: number
}

/** The end of a Job. */
export interface JobEnd {
  readonly outcome: 'complete' | 'failed'
  /** Kubernetes' own word, such as `BackoffLimitExceeded`; empty when it gave none. */
  readonly reason: string
  readonly message: string
}

export function countsOf({ spec, status = {} }: JobObject): JobCounts {
  return {
    completions: spec.completions ?? spec.parallelism ?? 1,
    succeeded: status.succeeded ?? 0,
    failed: status.failed ?? 0,
    active: status.active ?? 0,
    ready: status.ready ?? 0,
    terminating: status.terminating ?? 0,
  }
}

/**
 * The end of a Job; undefined before it. Only conditions count: a Job with failed attempts may complete
 * (dagster-io/dagster#6236).
 */
export function endOf(job: JobObject): JobEnd | undefined {
  return byCondition(job, { complete: 'Complete', failed: 'Failed' })
}

/**
 * The decision about a Job, which since Kubernetes 1.31 comes some time before its end: the end waits for the last pod
 * (kubernetes/kubernetes#125510).
 */
export function decisionOf(job: JobObject): JobEnd | undefined {
  return endOf(job) ?? byCondition(job, { complete: 'SuccessCriteriaMet', failed: 'FailureTarget' })
}

export function isSuspended(job: JobObject): boolean {
  return job.spec.suspend === true
}

/** Whether a Job is being deleted: Kubernetes makes no pod of it any more, and never ends it. */
export function isDeleting(job: JobObject): boolean {
  return job.metadata.deletionTimestamp !== undefined
}

function byCondition(job: JobObject, types: { complete: string; failed: string }): JobEnd | undefined {
  for (const outcome of ['failed', 'complete'] as const) {
    const condition = conditionOf(job, types[outcome])
    if (condition !== undefined) {
      return { outcome, reason: condition.reason ?? '', message: condition.message ?? '' }
    }
  }
  return undefined
}

function conditionOf(job: JobObject, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')
}

/** The time of a Job's end, by the server's clock; undefined before it. */
export function endedAt(job: JobObject): string | undefined {
  const condition = conditionOf(job, 'Failed') ?? conditionOf(job, 'Complete')
  return job.status?.completionTime ?? condition?.lastTransitionTime
}
