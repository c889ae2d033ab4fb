/**
 * The limits of a Job, which the API server checks only when the Job is created.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/apis/batch/validation/validation.go
 */
const LIMITS = {
  /** Parallelism of an Indexed Job. */
  indexedParallelism: 100_000,
  /** Completions above which an Indexed Job with `backoffLimitPerIndex` has the two limits that follow. */
  manyCompletions: 100_000,
  /** Its parallelism. */
  parallelismOfMany: 10_000,
  /** Its `maxFailedIndexes`, which it must have. */
  failedIndexesOfMany: 10_000,
} as const

/** The largest request that etcd takes by default, bytes (`--max-request-bytes`). */
const LARGEST_OBJECT = 1.5 * 1024 * 1024

/** The numbers of a Job that Kubernetes' limits are about. */
export interface JobNumbers {
  readonly items: number
  readonly completions: number
  readonly parallelism: number
  readonly indexed: boolean
  /** Whether each index has a back-off limit of its own. */
  readonly limitPerIndex: boolean
}

/** Why Kubernetes would refuse this parallelism, and which `itemsPerPod` would fit; undefined when it would not. */
export function parallelismProblem(numbers: JobNumbers): string | undefined {
  const { completions, parallelism, indexed, items } = numbers
  if (!indexed) return undefined
  if (parallelism > LIMITS.indexedParallelism) {
    return `must be at most ${LIMITS.indexedParallelism} for an Indexed Job, not ${parallelism}`
  }
  if (!hasManyIndexes(numbers) || parallelism <= LIMITS.parallelismOfMany) return undefined
  const itemsPerPod = Math.ceil(items / LIMITS.manyCompletions)
  return (
    `must be at most ${LIMITS.parallelismOfMany} for a Job with more than ${LIMITS.manyCompletions} completions, not ${parallelism}: ` +
    `this one has ${completions}. With itemsPerPod ${itemsPerPod} it has ${Math.ceil(items / itemsPerPod)}`
  )
}

/** The `maxFailedIndexes` that Kubernetes demands of a Job; undefined when it demands none. */
export function requiredMaxFailedIndexes(numbers: Omit<JobNumbers, 'items' | 'parallelism'>): number | undefined {
  return hasManyIndexes(numbers) ? LIMITS.failedIndexesOfMany : undefined
}

/** Why a Job of that size in JSON cannot be stored; undefined when it can. */
export function sizeProblem(bytes: number): string | undefined {
  if (bytes <= LARGEST_OBJECT) return undefined
  return (
    `has ${bytes} bytes as JSON, and Kubernetes stores at most ${LARGEST_OBJECT} (1.5 MiB): ` +
    'put long command lines, variables and annotations into the image, a ConfigMap or the items'
  )
}

function hasManyIndexes({ completions, indexed, limitPerIndex }: Omit<JobNumbers, 'items' | 'parallelism'>): boolean {
  return indexed && limitPerIndex && completions > LIMITS.manyCompletions
}
