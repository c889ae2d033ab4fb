/**
 * The time to wait before try number `attempt` + 1: anything up to a bound that doubles, so that many clients that lost
 * the same server do not come back together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitterMs(attempt: number, { baseMs, maxMs }: { baseMs: number; maxMs: number }): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1))
}
