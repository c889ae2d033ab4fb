import type { JobSpec } from './job-spec.ts'

/**
 * The number of pods that must succeed. With `'all'` it is a number too: a Job without `completions` starts no replacement once one
 * of its pods has succeeded, so a pod that is lost later would leave its items.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#parallel-jobs
 */
export function completionsOf({ items, itemsPerPod = 1, parallelism = 1 }: JobSpec): number {
  return itemsPerPod === 'all' ? Math.min(parallelism, items) : Math.ceil(items / itemsPerPod)
}
