import type { JobCounts } from '../wait/job-state.ts'

/** How far a run is, in one line. */
export function stateLine(
  { active, succeeded, failed, completions }: JobCounts,
  itemsLeft: number | undefined,
): string {
  const left = itemsLeft === undefined ? '' : ` · ${itemsLeft} items left`
  return `pods: ${active} running, ${succeeded} of ${completions} done, ${failed} failed${left}`
}

/** How far a run is, as a bar of at most `width` characters. */
export function bar({ succeeded, completions }: JobCounts, width: number): string {
  const length = Math.max(1, Math.min(width, completions))
  const done = completions === 0 ? length : Math.floor((Math.min(succeeded, completions) / completions) * length)
  return '■'.repeat(done) + '□'.repeat(length - done)
}
