import type { JobCondition, JobObject } from '../api/api-objects.ts'

/** How far a Job is. */
export interface JobCounts {
  /** How many pods must succeed. */
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

/** How a Job ended. */
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
 * How a Job ended; undefined while it has not. Conditions only: the counters say nothing about the end, a Job with
 * failed attempts may complete (dagster-io/dagster#6236).
 */
export function endOf(job: JobObject): JobEnd | undefined {
  return byCondition(job, { complete: 'Complete', failed: 'Failed' })
}

/**
 * What was decided about a Job, which since Kubernetes 1.31 is some time before its end: the end waits for the last pod
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

/** When a Job ended, by the server's clock; undefined while it has not. */
export function endedAt(job: JobObject): string | undefined {
  const condition = conditionOf(job, 'Failed') ?? conditionOf(job, 'Complete')
  return job.status?.completionTime ?? condition?.lastTransitionTime
}
