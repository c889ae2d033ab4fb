import type { Pod } from '../objects/objects.ts'
import type { Ending } from './conditions.ts'
import { parseIndexes } from './index-set.ts'
import { completionIndex, earlierFailures, endedAt, hasFailed, isTracked } from './pod-facts.ts'
import { matchFailurePolicy } from './pod-failure-policy.ts'
import { type JobMemory, NEW_MEMORY, type Situation, type Tally } from './situation.ts'

export interface Ended {
  readonly succeeded: readonly Pod[]
  /** Failed and counted, by the policy. */
  readonly counted: readonly Pod[]
  readonly released: readonly Pod[]
  readonly failedAtOnce: ReadonlySet<number>
  readonly failJob?: Ending
  readonly memory: JobMemory
}

/** The pods that ended since the last decision, oldest first, and what they change in the memory. */
export function countEnded({ job: { spec }, pods, memory, now }: Situation): Ended {
  const succeeded: Pod[] = []
  const counted: Pod[] = []
  const released: Pod[] = []
  const failedAtOnce = new Set<number>()
  const rowsByIndex = new Map(memory.rowsByIndex)
  let { row } = memory
  let failJob: Ending | undefined
  const news = pods.filter((pod) => isTracked(pod) && (pod.status.phase === 'Succeeded' || hasFailed(pod, spec)))
  for (const pod of news.sort((a, b) => endedAt(a, now) - endedAt(b, now))) {
    released.push(pod)
    const index = completionIndex(pod)
    if (pod.status.phase === 'Succeeded') {
      succeeded.push(pod)
      row = NEW_MEMORY.row
      continue
    }
    const match = matchFailurePolicy(spec.podFailurePolicy?.rules ?? [], pod)
    if (match?.action === 'FailJob') {
      failJob ??= { type: 'FailureTarget', reason: 'PodFailurePolicy', message: match.message }
    }
    const lastAt = endedAt(pod, now)
    if (match?.action === 'Ignore') continue
    counted.push(pod)
    row = { failures: row.failures + 1, lastAt }
    if (index !== undefined) {
      rowsByIndex.set(index, { failures: earlierFailures(pod) + 1, lastAt })
      if (match?.action === 'FailIndex') failedAtOnce.add(index)
    }
  }
  return {
    succeeded,
    counted,
    released,
    failedAtOnce,
    ...(failJob && { failJob }),
    memory: { ...memory, row, rowsByIndex },
  }
}

/** The completed and failed indexes of an Indexed Job; nothing for another. */
export function indexesAfter({ job: { spec, status } }: Situation, ended: Ended): Partial<Tally> {
  if (spec.completionMode !== 'Indexed') return {}
  const completedIndexes = parseIndexes(status.completedIndexes)
  for (const pod of ended.succeeded) {
    const index = completionIndex(pod)
    if (index !== undefined && index < (spec.completions ?? 0)) completedIndexes.add(index)
  }
  if (spec.backoffLimitPerIndex === undefined) return { completedIndexes, succeeded: completedIndexes.size }
  const failedIndexes = parseIndexes(status.failedIndexes)
  for (const pod of ended.counted) {
    const index = completionIndex(pod)
    if (index === undefined || completedIndexes.has(index)) continue
    if (ended.failedAtOnce.has(index) || earlierFailures(pod) >= spec.backoffLimitPerIndex) failedIndexes.add(index)
  }
  return { completedIndexes, failedIndexes, succeeded: completedIndexes.size }
}
