import type { PodObject } from '../api/api-objects.ts'

/** The reason why Kubernetes ended or refused a pod as a whole. */
export interface PodReason {
  readonly reason: string
  readonly message: string
}

/**
 * The pod's own reason for its failure: `Evicted` (a volume over its limit, a node short of memory or disk), `OutOfcpu`,
 * `NodeAffinity`, `UnexpectedAdmissionError` (the kubelet refused it), `Preempting`, `Terminated` (its node shuts down).
 * It comes before the containers' own reasons: their exit codes are only the consequence. Undefined when the pod itself has none.
 */
export function podReason({ status = {} }: PodObject): PodReason | undefined {
  if (status.phase !== 'Failed' || !status.reason) return undefined
  return { reason: status.reason, message: status.message ?? '' }
}

/**
 * Whether something outside of the Job ended the pod: a preemption, the eviction API, a taint, a node that is short of
 * resources or shuts down. https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
 */
export function isDisrupted({ status = {} }: PodObject): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'DisruptionTarget' && value === 'True') ?? false
}
