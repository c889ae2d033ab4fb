import { redact } from '@internal/errors'
import type { PodObject } from '../api/api-objects.ts'

/** What keeps a run, or a part of it, from going on. */
export interface StuckEvent {
  /**
   * `Unschedulable`: no node has room for a pod. `QuotaExceeded`, `PodRefused`: Kubernetes creates no more pods.
   * `NotStarting`: a pod's image, Secret or volume cannot be had. `NodeLost`: pods are being ended, and do not end.
   * `Suspended`: somebody suspended the Job. `Drained`: the queue is empty, and the pods neither end nor fail.
   */
  readonly reason:
    | 'Unschedulable'
    | 'QuotaExceeded'
    | 'PodRefused'
    | 'NotStarting'
    | 'NodeLost'
    | 'Suspended'
    | 'Drained'
  /** What Kubernetes says about it, or what was seen. */
  readonly message: string
  /** A pod that it concerns, if it concerns one. */
  readonly pod?: string
}

/** Why the scheduler finds no node for a pod, in its own words; undefined when it does not say so. */
export function unschedulable(pod: PodObject): StuckEvent | undefined {
  const condition = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (condition?.reason !== 'Unschedulable') return undefined
  return { reason: 'Unschedulable', message: redact(condition.message ?? 'no node fits'), pod: pod.metadata.name }
}

/**
 * Whether a pod has a node and waits for what its containers need, without having said what is missing. Once its volumes and
 * its network are there it only pulls its image, however long that takes, and warnings about them are old.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-has-network
 */
export function isBeingPrepared({ spec, status = {} }: PodObject): boolean {
  const prepared = status.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')
  if (prepared?.status === 'True') return false
  const states = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  const preparing = (reason?: string): boolean => reason === 'ContainerCreating' || reason === 'PodInitializing'
  return spec?.nodeName !== undefined && states.some(({ state }) => preparing(state?.waiting?.reason))
}
