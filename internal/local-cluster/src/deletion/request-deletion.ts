import { type KubeObject, kubeTime, type Pod } from '../objects/objects.ts'
import { JOBS, NAMESPACES, PODS, type ResourceType } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { FOREGROUND_FINALIZER, removeIfReleased } from './finalizers.ts'
import { dependentPods, disown } from './owners.ts'
import { requestPodDeletion } from './pod-deletion.ts'

export interface DeletionRequest {
  /** Seconds that a pod's processes have to end. Default: the pod's own `terminationGracePeriodSeconds`. */
  readonly graceSeconds?: number | undefined
  /** `Foreground`, `Background` or `Orphan`: when the pods of a Job go, or that they stay. Default: `Orphan`. */
  readonly propagationPolicy?: string | undefined
}

/**
 * Deletes an object as the API server does: at once when nothing holds it, else it is marked with a `deletionTimestamp`
 * and goes when its last finalizer and its last process are gone. Returns the marked object, or undefined when it is gone.
 */
export function requestDeletion(
  store: Store,
  type: ResourceType,
  object: KubeObject,
  { graceSeconds, propagationPolicy }: DeletionRequest = {},
): KubeObject | undefined {
  const { namespace, name } = object.metadata
  if (type === PODS) {
    requestPodDeletion(store, object as Pod, graceSeconds)
    const marked = store.get<Pod>(PODS, namespace, name)
    // Without a grace period the object does not wait for its processes.
    if (graceSeconds === 0 && marked) removeIfReleased(store, PODS, marked)
  } else if (type === NAMESPACES) {
    mark(store, type, object, (current) => ({ ...current, status: { phase: 'Terminating' } }))
  } else if (type === JOBS) {
    deleteJob(store, object, propagationPolicy ?? 'Orphan')
  } else {
    removeMarked(store, type, object)
  }
  return store.get(type, namespace, name)
}

function deleteJob(store: Store, job: KubeObject, propagationPolicy: string): void {
  const pods = dependentPods(store, job)
  if (propagationPolicy === 'Foreground' && pods.length > 0) {
    mark(store, JOBS, job, (current) => {
      const { finalizers = [] } = current.metadata
      if (finalizers.includes(FOREGROUND_FINALIZER)) return current
      return { ...current, metadata: { ...current.metadata, finalizers: [...finalizers, FOREGROUND_FINALIZER] } }
    })
    for (const pod of pods) requestPodDeletion(store, pod)
    return
  }
  if (propagationPolicy === 'Orphan') for (const pod of pods) disown(store, pod, job.metadata.uid)
  removeMarked(store, JOBS, job)
}

function removeMarked(store: Store, type: ResourceType, object: KubeObject): void {
  const { namespace, name, finalizers = [] } = object.metadata
  if (finalizers.length === 0) store.remove(type, namespace, name)
  else mark(store, type, object)
}

function mark(
  store: Store,
  type: ResourceType,
  object: KubeObject,
  change: (current: KubeObject) => KubeObject = (current) => current,
): void {
  store.update(type, object, (current) => {
    const { deletionTimestamp = kubeTime(Date.now()), ...metadata } = current.metadata
    const marked = { ...metadata, deletionTimestamp, ...(type !== NAMESPACES && { deletionGracePeriodSeconds: 0 }) }
    return change({ ...current, metadata: marked })
  })
}
