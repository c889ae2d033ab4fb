import type { KubeObject } from '../objects/objects.ts'
import { PODS, type ResourceType } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'

/** Holds an object until the objects that it owns are gone. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion'
/** Holds a pod of a Job until the Job has counted it. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'

/** Takes one finalizer away, and removes the object when nothing else holds it. */
export function withoutFinalizer(store: Store, type: ResourceType, object: KubeObject, finalizer: string): void {
  const left = store.update(type, object, (current) => {
    if (!current.metadata.finalizers?.includes(finalizer)) return current
    const { finalizers = [], ...metadata } = current.metadata
    const rest = finalizers.filter((each) => each !== finalizer)
    return { ...current, metadata: { ...metadata, ...(rest.length > 0 && { finalizers: rest }) } }
  })
  if (left) removeIfReleased(store, type, left)
}

/** Removes an object that is marked as deleted when nothing holds it: neither a finalizer nor a running process. */
export function removeIfReleased(store: Store, type: ResourceType, object: KubeObject): void {
  const { namespace, name, deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return
  if (type === PODS && (deletionGracePeriodSeconds ?? 0) > 0) return
  store.remove(type, namespace, name)
}
