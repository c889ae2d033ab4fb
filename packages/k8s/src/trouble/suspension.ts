import type { JobObject } from '../api/api-objects.ts'
import { AWAITING_SECRET, RUN_ID } from '../spec/annotations.ts'
import type { StuckEvent } from './stuck-event.ts'

/** https://kueue.sigs.k8s.io/docs/tasks/run/jobs/ */
const KUEUE_QUEUE = 'kueue.x-k8s.io/queue-name'

/**
 * The event for a suspended Job, which says who suspended it. Undefined while podqueue's own submit may still be under way.
 *
 * @param forMs for how long the Job has been suspended; `graceMs`: how long a submit may take
 */
export function suspendedEvent(
  job: JobObject,
  { forMs, graceMs }: { readonly forMs: number; readonly graceMs: number },
): StuckEvent | undefined {
  const runId = job.metadata.annotations?.[RUN_ID]
  if (job.metadata.annotations?.[AWAITING_SECRET] !== undefined) {
    if (forMs < graceMs) return undefined
    const message = `the call that made it has not made its Secret: a call with its runId ${runId} continues it`
    return { reason: 'Suspended', message }
  }
  const queue = job.metadata.labels?.[KUEUE_QUEUE]
  if (queue !== undefined) return { reason: 'Suspended', message: `Kueue has not admitted it to the queue ${queue}` }
  const by = suspendedBy(job)
  const who = by === undefined ? 'spec.suspend is true' : `spec.suspend was set to true by ${by}`
  return { reason: 'Suspended', message: `${who}: the Job goes on when somebody sets it to false` }
}

/** The client that set `spec.suspend`, by its own name for itself; undefined when the server does not say. */
function suspendedBy({ metadata }: JobObject): string | undefined {
  const owner = metadata.managedFields?.find(({ fieldsV1 }) => {
    const spec = fieldsV1?.['f:spec']
    return typeof spec === 'object' && spec !== null && 'f:suspend' in spec
  })
  return owner?.manager
}
