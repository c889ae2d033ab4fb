import type { JobSpec } from '../objects/objects.ts'
import type { FieldErrors } from './field-errors.ts'

/** Checks the rules by which an Indexed Job succeeds before all of its indexes have. */
export function checkSuccessPolicy(
  errors: FieldErrors,
  { successPolicy, completionMode, completions = 0 }: JobSpec,
): void {
  if (successPolicy === undefined) return
  if (completionMode !== 'Indexed') {
    errors.invalid('spec.successPolicy', successPolicy, 'requires indexed completion mode')
    return
  }
  const { rules = [] } = successPolicy
  const why = 'at least one rules must be specified when the successPolicy is specified'
  if (rules.length === 0) errors.required('spec.successPolicy.rules', why)
  for (const [index, { succeededIndexes, succeededCount }] of rules.entries()) {
    const at = `spec.successPolicy.rules[${index}]`
    if (succeededIndexes === undefined && succeededCount === undefined) {
      errors.required(at, 'at least one of succeededCount or succeededIndexes must be specified')
    }
    errors.notNegative(`${at}.succeededCount`, succeededCount)
    const named = succeededIndexes === undefined ? completions : countIndexes(succeededIndexes, completions)
    if (typeof named === 'string') {
      errors.invalid(`${at}.succeededIndexes`, succeededIndexes, `error parsing succeededIndexes: ${named}`)
    } else if (succeededCount !== undefined && succeededCount > named) {
      const of =
        succeededIndexes === undefined ? 'specified completions' : 'indexes in the specified succeededIndexes field'
      errors.invalid(
        `${at}.succeededCount`,
        succeededCount,
        `must be less than or equal to ${named} (the number of ${of})`,
      )
    }
  }
}

/** The number of indexes that `0,2-5` names, or the mistake in it. Indexes must ascend and be below `completions`. */
function countIndexes(text: string, completions: number): number | string {
  let count = 0
  let last = -1
  for (const part of text.split(',')) {
    const [first = '', end = first] = part.split('-')
    for (const word of [first, end]) {
      if (!/^\d+$/.test(word)) return `cannot convert string to integer for index: "${word}"`
      if (Number(word) >= completions) return `too large index: "${word}"`
    }
    if (Number(first) <= last || Number(end) < Number(first))
      return `non-increasing order, previous: ${last}, current: ${first}`
    last = Number(end)
    count += last - Number(first) + 1
  }
  return count
}
