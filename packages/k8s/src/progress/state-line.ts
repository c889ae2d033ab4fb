import type { JobCounts } from '../job/job-state.ts'
import type { PodFailure } from '../pods/pod-failure.ts'

/** How far a run is, in one line. */
export function stateLine(
  { active, succeeded, failed, completions }: JobCounts,
  itemsLeft: number | undefined,
): string {
  const left = itemsLeft === undefined ? '' : ` · ${itemsLeft} items left`
  return `pods: ${active} active, ${succeeded} of ${completions} done, ${failed} failed${left}`
}

/** How far a run is, as a bar of at most `width` characters. */
export function bar({ succeeded, completions }: JobCounts, width: number): string {
  const length = Math.max(1, Math.min(width, completions))
  const done = completions === 0 ? length : Math.floor((Math.min(succeeded, completions) / completions) * length)
  return '■'.repeat(done) + '□'.repeat(length - done)
}

/** How an attempt failed, in one line: the rest of what it said is in its log. */
export function failureLine({ exitCode, reason = 'failed', message = '' }: Omit<PodFailure, 'name'>): string {
  const how = exitCode === undefined ? reason : `exit ${exitCode} (${reason})`
  const [words] = message.split('\n', 1)
  return words ? `${how}: ${words}` : how
}
