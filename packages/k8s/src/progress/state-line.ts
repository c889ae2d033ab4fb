import type { JobCounts } from '../job/job-state.ts'
import type { PodFailure } from '../pods/pod-failure.ts'

/** The progress of a run in one line. */
export function stateLine(
  { active, succeeded, failed, completions }: JobCounts,
  itemsLeft: number | undefined,
): string {
  const left = itemsLeft === undefined ? '' : ` · ${itemsLeft} items left`
  return `pods: ${active} active, ${succeeded} of ${completions} done, ${failed} failed${left}`
}

/** The progress of a run as a bar of at most `width` characters. */
export function bar({ succeeded, completions }: JobCounts, width: number): string {
  const length = Math.max(1, Math.min(width, completions))
  const done = completions === 0 ? length : Math.floor((Math.min(succeeded, completions) / completions) * length)
  return '■'.repeat(done) + '□'.repeat(length - done)
}

/** The failure of an attempt in one line. Its log has the rest. */
export function failureLine({
  container,
  exitCode,
  reason = 'failed',
  message = '',
}: Omit<PodFailure, 'name'>): string {
  const where = container === undefined ? '' : `container ${container}: `
  const how = `${where}${exitCode === undefined ? reason : `exit ${exitCode} (${reason})`}`
  const [words] = message.split('\n', 1)
  return words ? `${how}: ${words}` : how
}
