import { completionsOf } from '../spec/completions.ts'
import type { JobSpec } from '../spec/job-spec.ts'

/** Pods that a control plane starts and ends in a second, whatever they do: measured on Kubernetes 1.34 (docs/operations.md). */
const PODS_A_SECOND = { slow: 13, fast: 28 } as const

const HOUR_S = 3600

/** Items a pod that make a large Job a matter of minutes. */
const ENOUGH_PODS = 10_000

/** Warns of a Job whose pods alone take hours, with the arithmetic and a way out; undefined when they do not. */
export function podCountWarning(spec: JobSpec): string | undefined {
  const pods = completionsOf(spec)
  if (pods / PODS_A_SECOND.slow < HOUR_S) return undefined
  const itemsPerPod = Math.ceil(spec.items / ENOUGH_PODS)
  const fewer = Math.ceil(spec.items / itemsPerPod)
  return (
    `This Job has ${pods} pods. A control plane starts ${PODS_A_SECOND.slow} to ${PODS_A_SECOND.fast} pods a second, whatever they do: ` +
    `that is ${span(pods)}. With itemsPerPod ${itemsPerPod} it has ${fewer} pods, which take ${span(fewer)}; with itemsPerPod 'all' it has ` +
    'as many as run at the same time.'
  )
}

/** The time that a number of pods takes, as words: `10 to 21 hours`. */
function span(pods: number): string {
  const [least, most] = [pods / PODS_A_SECOND.fast, pods / PODS_A_SECOND.slow]
  const [unit, seconds] = most >= 2 * HOUR_S ? ['hours', HOUR_S] : ['minutes', 60]
  const from = Math.max(1, Math.round(least / Number(seconds)))
  return `${from} to ${Math.max(from + 1, Math.round(most / Number(seconds)))} ${unit}`
}
