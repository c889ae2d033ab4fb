import type { JobObject } from '../api/api-objects.ts'
import type { DeadItem } from '../queue/dead-item.ts'
import { RUN_ID } from '../spec/annotations.ts'
import { countsOf, endedAt } from './job-state.ts'
import type { Timeline } from './timeline.ts'

/** The result of a Job that completed. Plain data: it can be stored and sent. */
export interface JobResult {
  readonly name: string
  readonly namespace: string
  /** The Job's uid; left out when there was no item and so no Job. */
  readonly uid?: string
  /** The id of the call that made the Job; left out for a Job that podqueue did not make. */
  readonly runId?: string
  /** The number of pods that had to succeed. */
  readonly completions: number
  /** The number of pods that succeeded. */
  readonly succeeded: number
  /** The number of attempts that failed on the way. */
  readonly failed: number
  /** When Kubernetes first started the Job, as ISO 8601 in the server's time; left out without a Job. */
  readonly startedAt?: string
  /** When Kubernetes saw it complete; left out without a Job. */
  readonly completedAt?: string
  /** From the first start to completion by the server's clock, which counts in seconds. Time in which the Job was suspended is in it. */
  readonly durationMs: number
  /** Items that were ready in the queue after the Job: only from {@link runJob} with `queue`. */
  readonly leftover?: number
  /** Dead letters that came in during the run: only from {@link runJob} whose `queue` counts them. */
  readonly deadLettered?: number
  /** Those dead letters, at most 20, with their reasons. Left out when there are none, or when they cannot be listed. */
  readonly deadItems?: readonly DeadItem[]
  /** The Jobs that were run over what the first one left, in order: only from {@link runJob} with `leftover: 'sweep'`. */
  readonly sweeps?: readonly JobResult[]
  /** The run over time, with its sweeps: only with the option `timeline`. For `renderTimeline` of `@podqueue/k8s/report`. */
  readonly timeline?: Timeline
}

/** The result of a Job that has completed. `startedAt` is when it first started. */
export function resultOf(job: JobObject, startedAt: string | undefined): JobResult {
  const { name, namespace = 'default', uid, annotations = {} } = job.metadata
  const { completions, succeeded, failed } = countsOf(job)
  const runId = annotations[RUN_ID]
  const completedAt = endedAt(job)
  return {
    name,
    namespace,
    uid,
    ...(runId === undefined ? {} : { runId }),
    completions,
    succeeded,
    failed,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
    durationMs:
      startedAt === undefined || completedAt === undefined ? 0 : Date.parse(completedAt) - Date.parse(startedAt),
  }
}
