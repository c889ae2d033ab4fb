import type { Job, Pod, SuccessPolicyRule } from '../objects/objects.ts'
import type { Ending } from './conditions.ts'
import { parseIndexes } from './index-set.ts'
import type { Tally } from './situation.ts'

/** Whether a Job has failed now, and why. */
export function failureOf({
  job: { spec, status },
  active,
  succeeded,
  failed,
  failedIndexes,
  now,
}: Tally): Ending | undefined {
  const failure = (reason: string, message: string): Ending => ({ type: 'FailureTarget', reason, message })
  if (failed > spec.backoffLimit || restartsExceed(spec, active)) {
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  if (spec.activeDeadlineSeconds !== undefined && status.startTime !== undefined && !spec.suspend) {
    if (now - Date.parse(status.startTime) >= spec.activeDeadlineSeconds * 1000) {
      return failure('DeadlineExceeded', 'Job was active longer than specified deadline')
    }
  }
  if (failedIndexes && failedIndexes.size > 0) {
    if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes) {
      return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
    }
    if (failedIndexes.size + succeeded >= (spec.completions ?? 0))
      return failure('FailedIndexes', 'Job has failed indexes')
  }
  return undefined
}

/** With OnFailure the restarts of containers in pods that still run count against the limit. */
function restartsExceed({ template, backoffLimit }: Job['spec'], active: readonly Pod[]): boolean {
  if (template.spec.restartPolicy !== 'OnFailure') return false
  let restarts = 0
  for (const { status } of active) {
    for (const each of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
      restarts += each.restartCount
    }
  }
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit
}

/** Whether a Job has reached its goal. */
export function successOf({ job: { spec }, active, succeeded, completedIndexes }: Tally): Ending | undefined {
  const rule = metRule(spec.successPolicy?.rules ?? [], completedIndexes ?? new Set())
  if (rule >= 0) {
    return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` }
  }
  if (spec.suspend) return undefined
  const met = spec.completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= spec.completions
  if (!met) return undefined
  return {
    type: 'SuccessCriteriaMet',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  }
}

/** The first rule of a successPolicy that the completed indexes meet: its number of the indexes that it names, or all of them. */
function metRule(rules: readonly SuccessPolicyRule[], completed: ReadonlySet<number>): number {
  if (completed.size === 0) return -1
  return rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return completed.size >= (succeededCount ?? Number.POSITIVE_INFINITY)
    const named = parseIndexes(succeededIndexes)
    const met = [...named].filter((index) => completed.has(index)).length
    return met >= (succeededCount ?? named.size)
  })
}
