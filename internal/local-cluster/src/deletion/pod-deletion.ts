import { kubeTime, type Pod } from '../objects/objects.ts'
import { PODS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'
import { removeIfReleased } from './finalizers.ts'

/** Kubernetes' default of `terminationGracePeriodSeconds`. */
const DEFAULT_GRACE_SECONDS = 30

/**
 * Marks a pod as being deleted. The kubelet ends its processes and then lets it go. A pod without processes, because they
 * have ended or because it never had a node, goes at once. A second call may shorten the grace period, never lengthen it.
 */
export function requestPodDeletion(store: Store, pod: Pod, graceSeconds?: number): void {
  const ended = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  const unscheduled = !ended && pod.spec.nodeName === undefined
  const idle = ended || unscheduled
  const wanted = idle ? 0 : (graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS)
  const deletionTimestamp = kubeTime(Date.now() + wanted * 1000)
  const marked = store.update<Pod>(PODS, pod, (current) => {
    const { deletionGracePeriodSeconds } = current.metadata
    if (deletionGracePeriodSeconds !== undefined && deletionGracePeriodSeconds <= wanted) return current
    return {
      ...current,
      metadata: { ...current.metadata, deletionTimestamp, deletionGracePeriodSeconds: wanted },
      // No kubelet will say how it ended, so its Job would wait for that for ever. Kubernetes' pod garbage collector does the same.
      ...(unscheduled && { status: { ...current.status, phase: 'Failed' } }),
    }
  })
  if (marked && idle) removeIfReleased(store, PODS, marked)
}
