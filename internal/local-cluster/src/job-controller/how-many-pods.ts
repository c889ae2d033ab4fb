import { isTerminating } from './pod-facts.ts'
import type { Tally } from './situation.ts'

/** The difference between the pods that a Job has and those that it should have. At most one of the two is above 0. */
export interface PodCounts {
  /** Active pods to delete. */
  readonly surplus: number
  /** Pods to start. */
  readonly missing: number
}

/** Decides how many pods of a Job to start or to delete now. */
export function howManyPods({ job: { spec }, pods, active, succeeded }: Tally): PodCounts {
  const wanted = wantedPods(spec, active.length, succeeded)
  // With this policy a pod keeps its place until it has ended.
  const terminating = spec.podReplacementPolicy === 'Failed' ? pods.filter(isTerminating).length : 0
  return {
    surplus: Math.max(0, active.length - wanted),
    missing: Math.max(0, wanted - active.length - terminating),
  }
}

/** Without completions the first success means that the work is done: the pods that run may end, and no pod follows. */
function wantedPods({ completions, parallelism }: Tally['job']['spec'], active: number, succeeded: number): number {
  if (completions === undefined) return succeeded > 0 ? active : parallelism
  return Math.min(parallelism, Math.max(0, completions - succeeded))
}
