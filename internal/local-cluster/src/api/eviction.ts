import { conflict, notFound, type Status } from '../answers/status-error.ts'
import { requestPodDeletion } from '../deletion/pod-deletion.ts'
import { type Condition, kubeTime, type Pod } from '../objects/objects.ts'
import { PODS } from '../store/resource-types.ts'
import type { Store } from '../store/store.ts'

/** The part of a `policy/v1` Eviction that decides about it. */
export interface Eviction {
  readonly metadata?: { readonly name?: string }
  readonly deleteOptions?: {
    readonly gracePeriodSeconds?: number
    readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  }
}

/**
 * Evicts a pod: gives it the condition DisruptionTarget, by which a podFailurePolicy can tell it, and deletes it. There are no
 * disruption budgets.
 */
export function evict(store: Store, pod: Pod, { deleteOptions = {} }: Eviction, dryRun: boolean): Status {
  const { gracePeriodSeconds, preconditions = {} } = deleteOptions
  const { uid, name, resourceVersion } = pod.metadata
  if ((preconditions.uid ?? uid) !== uid || (preconditions.resourceVersion ?? resourceVersion) !== resourceVersion) {
    throw conflict(PODS, name, 'the pod has changed since the precondition was set', 'Pod')
  }
  if (!dryRun) {
    const ended = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
    const target = ended ? pod : store.update<Pod>(PODS, pod, disrupted)
    if (target === undefined) throw notFound(PODS, name)
    requestPodDeletion(store, target, gracePeriodSeconds)
  }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
}

function disrupted(pod: Pod): Pod {
  const condition: Condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: kubeTime(Date.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== condition.type)
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } }
}
