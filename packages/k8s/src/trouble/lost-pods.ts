import type { JobObject, PodObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { failedAttempt } from '../pods/failed-attempt.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

const NAMED = 20

/** The time that pods may take to end, milliseconds: their own grace, and `startGraceMs` more. */
export function endGraceMs(job: JobObject, startGraceMs: number): number {
  return (job.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000 + startGraceMs
}

/** The pods that are being ended. */
export function terminatingPods(pods: readonly PodObject[]): readonly PodObject[] {
  return pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
}

/** The event for pods that are being ended and do not end. */
export function lostEvent(lost: readonly PodObject[]): StuckEvent {
  const [first] = lost
  const others = lost.length === 1 ? '' : `, and so were ${lost.length - 1} others`
  const message = `${placeOf(first)} was told to end and does not${others}`
  return { reason: 'NodeLost', message, ...(first === undefined ? {} : { pod: first.metadata.name }) }
}

/** The error for pods that are being ended and do not end, since their node is gone. */
export function nodeLost(job: JobObject, lost: readonly PodObject[]): JobFailedError {
  const ref = refOf(job)
  const named = lost.slice(0, NAMED)
  const more = lost.length === named.length ? '' : ` and ${lost.length - named.length} more`
  return new JobFailedError({
    code: 'NODE_LOST',
    message: `Job ${ref.namespace}/${ref.name} waits for pods that do not end: ${named.map(placeOf).join(', ')}${more}`,
    hint: 'When the node is really gone, forceDeleteLost: true, or `kubectl delete pod --force`, lets the Job go on. A node that is only cut off may still run them.',
    job: {
      ...ref,
      reason: 'NodeLost',
      pods: named.map((pod) => failedAttempt(pod)?.failure ?? { name: pod.metadata.name, reason: 'Terminating' }),
    },
  })
}

function placeOf(pod: PodObject | undefined): string {
  return `${pod?.metadata.name} on ${pod?.spec?.nodeName ?? 'no node'}`
}
