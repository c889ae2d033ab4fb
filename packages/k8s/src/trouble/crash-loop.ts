import { OUTSIDE_EXIT_CODES } from '@internal/contract'
import type { PodObject } from '../api/api-objects.ts'
import { type PodFailure, podFailure } from '../pods/pod-failure.ts'

/** The container's command does not exist or cannot be executed: it never will. */
const NEVER_STARTS = new Set(['StartError', 'ContainerCannotRun'])

/** Failures that are alike: the last of them, and how many there were. */
export interface CrashLoop {
  readonly failures: readonly PodFailure[]
  readonly count: number
}

/**
 * Whether a program that has never succeeded crashes every time. One failure more than pods run at once, and at least
 * three, since what befalls all pods of the moment together, such as a restart of the broker, is no crash loop.
 *
 * @param pods A sample of the Job's pods.
 * @param failed How many attempts failed in all, by the Job's count.
 */
export function crashLoop(
  pods: readonly PodObject[],
  { parallelism, failed, succeeded }: { parallelism: number; failed: number; succeeded: number },
): CrashLoop | undefined {
  if (succeeded > 0) return undefined
  const groups = new Map<string, { failures: PodFailure[]; count: number }>()
  let all = 0
  for (const pod of pods) {
    const failure = podFailure(pod)
    if (failure?.exitCode === undefined || OUTSIDE_EXIT_CODES.includes(failure.exitCode)) continue
    const key = `${failure.exitCode} ${failure.reason}`
    const group = groups.get(key) ?? { failures: [], count: 0 }
    groups.set(key, group)
    // With restartPolicy OnFailure one pod has all the attempts.
    const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? 0
    group.failures.push(failure)
    group.count += Math.max(1, restarts)
    all++
  }
  const [largest] = [...groups.values()].sort((a, b) => b.count - a.count)
  if (largest === undefined) return undefined
  // The sample is bounded: when all of it is alike the Job's own count says how many there are.
  const alike = groups.size === 1 && all === pods.length
  const count = alike ? Math.max(largest.count, failed) : largest.count
  const neverStarts = NEVER_STARTS.has(largest.failures[0]?.reason ?? '')
  return count >= (neverStarts ? 2 : Math.max(3, parallelism + 1)) ? { failures: largest.failures, count } : undefined
}
