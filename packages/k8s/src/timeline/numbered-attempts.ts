import type { TimelinePod } from '../job/timeline.ts'

/** Numbers the attempts of each index by the time of their creation, where Kubernetes has not counted them. */
export function numberAttempts(pods: readonly TimelinePod[]): TimelinePod[] {
  const last = new Map<string, number>()
  return pods
    .toSorted((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt))
    .map((pod) => {
      if (pod.index === undefined) return pod
      const key = `${pod.sweep}/${pod.index}`
      const attempt = pod.attempt ?? (last.get(key) ?? 0) + 1
      last.set(key, attempt)
      return { ...pod, attempt }
    })
}
