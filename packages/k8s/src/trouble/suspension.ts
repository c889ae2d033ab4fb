import type { JobObject } from '../api/api-objects.ts'
import { AWAITING_SECRET } from '../spec/annotations.ts'
import type { StuckEvent } from './stuck-event.ts'

/** https://kueue.sigs.k8s.io/docs/tasks/run/jobs/ */
const KUEUE_QUEUE = 'kueue.x-k8s.io/queue-name'

/** The event for a suspended Job, which says who suspended it; undefined while podqueue's own submit has not ended. */
export function suspendedEvent(job: JobObject): StuckEvent | undefined {
  if (job.metadata.annotations?.[AWAITING_SECRET] !== undefined) return undefined
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
