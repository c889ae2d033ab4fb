/** Kubernetes' delay before the first retry of a pod. */
const FIRST_MS = 10_000
const MAX_MS = 600_000

/** A row of failures. It delays all new pods of a Job, or with backoffLimitPerIndex those of one index. */
export interface FailureRow {
  /** Failures since the last success. */
  readonly failures: number
  /** When the last of them ended, in milliseconds since the epoch. */
  readonly lastAt: number
}

/** The rest of the delay before the next pod: 10 s × 2^(failures − 1), at most 10 min, all of it times `scale`. */
export function remainingBackoffMs(row: FailureRow | undefined, now: number, scale: number): number {
  if (!row || row.failures === 0) return 0
  const delay = Math.min(FIRST_MS * 2 ** (row.failures - 1), MAX_MS) * scale
  return Math.max(0, row.lastAt + delay - now)
}
