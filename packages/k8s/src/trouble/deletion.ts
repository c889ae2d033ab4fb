import type { JobObject } from '../api/api-objects.ts'
import { K8sError } from '../errors.ts'
import type { StuckEvent } from './stuck-event.ts'

/** The event for a Job that is being deleted: Kubernetes starts no pod of it any more. */
export function deletingEvent({ metadata }: JobObject): StuckEvent {
  return { reason: 'Deleting', message: `the Job is being deleted${waitingFor(metadata.finalizers)}` }
}

/** The error for a Job that was deleted, or whose deletion does not end. */
export function jobDeleted({ metadata }: JobObject, state: 'gone' | 'deleting'): K8sError<'JOB_DELETED'> {
  const { name, namespace, uid, finalizers } = metadata
  const what = state === 'gone' ? 'was deleted' : `is being deleted${waitingFor(finalizers)}`
  return new K8sError({
    code: 'JOB_DELETED',
    message: `Job ${namespace}/${name} ${what} before it was finished.`,
    hint:
      state === 'gone'
        ? 'Somebody deleted it or its namespace. The queue keeps the items that were not done.'
        : 'Somebody deleted it or its namespace. The controllers that set the finalizers have to remove them. The queue keeps the items that were not done.',
    details: { name, namespace, uid, ...(state === 'gone' ? {} : { finalizers: finalizers ?? [] }) },
  })
}

function waitingFor(finalizers: readonly string[] = []): string {
  return finalizers.length === 0 ? '' : ` and waits for the finalizers ${finalizers.join(', ')}`
}
