import { TRACKING_FINALIZER } from '../deletion/finalizers.ts'
import type { Job, Pod } from '../objects/objects.ts'

export const INDEX_KEY = 'batch.kubernetes.io/job-completion-index'
export const FAILURE_COUNT_KEY = 'batch.kubernetes.io/job-index-failure-count'

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false
}

export function isEnded(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

/** Pending or running, and not being deleted. */
export function isActive(pod: Pod): boolean {
  return !isEnded(pod) && pod.metadata.deletionTimestamp === undefined
}

export function isTerminating(pod: Pod): boolean {
  return !isEnded(pod) && pod.metadata.deletionTimestamp !== undefined
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
}

/** A pod that is being deleted has failed already, unless the Job is to replace only pods that have ended. */
export function hasFailed(pod: Pod, { podReplacementPolicy }: Job['spec']): boolean {
  if (pod.status.phase === 'Failed') return true
  return (
    podReplacementPolicy !== 'Failed' &&
    pod.metadata.deletionTimestamp !== undefined &&
    pod.status.phase !== 'Succeeded'
  )
}

export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX_KEY]
  return text === undefined ? undefined : Number(text)
}

/** The failures of this pod's index before it. */
export function earlierFailures(pod: Pod): number {
  return Number(pod.metadata.annotations?.[FAILURE_COUNT_KEY] ?? 0)
}

/** The time at which its last container ended, or its deletion was requested. */
export function endedAt(pod: Pod, now: number): number {
  const times = (pod.status.containerStatuses ?? []).flatMap(({ state }) =>
    state.terminated ? [Date.parse(state.terminated.finishedAt)] : [],
  )
  if (times.length > 0) return Math.max(...times)
  const { deletionTimestamp } = pod.metadata
  return deletionTimestamp === undefined ? now : Math.min(now, Date.parse(deletionTimestamp))
}
