import type { JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

/** The error for a Job of which not a single pod gets a node, or may be made. */
export function noRoom(job: JobObject, { reason, message }: StuckEvent, graceMs: number): JobFailedError {
  const ref = refOf(job)
  const quota = reason === 'QuotaExceeded'
  const seconds = Math.round(graceMs / 1000)
  return new JobFailedError({
    code: quota ? 'QUOTA_EXCEEDED' : 'UNSCHEDULABLE',
    message: `No pod of Job ${ref.namespace}/${ref.name} found room for ${seconds} s: ${message}`,
    hint: HINTS[reason] ?? HINTS.Unschedulable,
    job: { ...ref, reason, pods: [] },
  })
}

const HINTS: Partial<Record<StuckEvent['reason'], string>> & { readonly Unschedulable: string } = {
  QuotaExceeded:
    'Ask for less by `resources`, let other work end, or have the quota raised (`kubectl describe quota`).',
  SchedulingGated:
    'A pod gets no node before the controller that set its scheduling gates removes them. Is that controller running?',
  NotScheduled: 'Correct the pod’s `schedulerName`, or start that scheduler.',
  Unschedulable:
    'Ask for less by `resources`, correct `nodeSelector` and `tolerations`, or add nodes (`kubectl describe nodes`).',
}
