import { type KubeObject, kubeTime, type Pod } from './objects.ts'
import { PODS, type ResourceType } from './store/resource-types.ts'
import type { Store } from './store/store.ts'

/** Kubernetes' own. */
const DEFAULT_GRACE_SECONDS = 30

/**
 * Marks a pod as being deleted. The kubelet ends its processes and then lets it go; a pod whose processes have ended is
 * gone at once. A second call may shorten the grace, never lengthen it.
 */
export function requestPodDeletion(store: Store, pod: Pod, graceSeconds?: number): void {
  const ended = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  const wanted = ended ? 0 : (graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)
  const deletionTimestamp = kubeTime(Date.now() + wanted * 1000)
  const marked = store.update<Pod>(PODS, pod, (current) => {
    const { deletionGracePeriodSeconds } = current.metadata
    if (deletionGracePeriodSeconds !== undefined && deletionGracePeriodSeconds <= wanted) return current
    return { ...current, metadata: { ...current.metadata, deletionTimestamp, deletionGracePeriodSeconds: wanted } }
  })
  if (marked && ended) removeIfReleased(store, PODS, marked)
}

/** Takes one finalizer away; an object that only waited for that is gone. */
export function withoutFinalizer(store: Store, type: ResourceType, object: KubeObject, finalizer: string): void {
  const left = store.update(type, object, (current) => {
    if (!current.metadata.finalizers?.includes(finalizer)) return current
    const { finalizers = [], ...metadata } = current.metadata
    const rest = finalizers.filter((each) => each !== finalizer)
    return { ...current, metadata: { ...metadata, ...(rest.length > 0 && { finalizers: rest }) } }
  })
  if (left) removeIfReleased(store, type, left)
}

/** Removes an object that is marked as deleted and that nothing holds: neither a finalizer nor a running process. */
export function removeIfReleased(store: Store, type: ResourceType, object: KubeObject): void {
  const { namespace, name, deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return
  if (type === PODS && (deletionGracePeriodSeconds ?? 0) > 0) return
  store.remove(type, namespace, name)
}
