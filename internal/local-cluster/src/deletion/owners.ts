import type { KubeObject, Pod } from '../objects/objects.ts'
import { PODS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { TRACKING_FINALIZER, withoutFinalizer } from './finalizers.ts'

export function isOwnedBy({ metadata }: KubeObject, ownerUid: string): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === ownerUid) ?? false
}

/** The pods that a Job owns. */
export function dependentPods(store: Store, { metadata: { namespace, uid } }: KubeObject): Pod[] {
  return store.list<Pod>(PODS, namespace).filter((pod) => isOwnedBy(pod, uid))
}

/** Takes a pod from its Job: the Job does not own it any more, and does not hold it. */
export function disown(store: Store, pod: Pod, jobUid: string): void {
  const own = store.update<Pod>(PODS, pod, (current) => {
    const { ownerReferences = [], ...metadata } = current.metadata
    const rest = ownerReferences.filter(({ uid }) => uid !== jobUid)
    return { ...current, metadata: { ...metadata, ...(rest.length > 0 && { ownerReferences: rest }) } }
  })
  if (own) withoutFinalizer(store, PODS, own, TRACKING_FINALIZER)
}
