import type { RunProgress } from '../wait/run-events.ts'
import { extent, speedParts, stateParts } from './words.ts'

const MOST_OFTEN_MS = 1_000

/** The state of a run in one line, for a stream that is no terminal. */
export function stateLine(progress: RunProgress, perSecond: number | undefined): string {
  return [...stateParts(progress), ...speedParts(progress, perSecond)].join(' · ')
}

/**
 * Whether a new state is worth a line: the first and the last, and between them one when a second has passed and a fiftieth of the
 * time so far. A run of days then has some hundreds of lines in the log of a CI.
 */
export function isDue(
  progress: RunProgress,
  {
    now,
    startedAt,
    printedAt,
  }: { readonly now: number; readonly startedAt: number; readonly printedAt: number | undefined },
): boolean {
  if (printedAt === undefined || extent(progress).left === 0) return true
  return now - printedAt >= Math.max(MOST_OFTEN_MS, (now - startedAt) / 50)
}
