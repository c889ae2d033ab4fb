import { LONGEST_TIMER_MS } from '@internal/contract'

/** The value of {@link within} when the time is over. */
export const late: unique symbol = Symbol('late')

/**
 * Waits for a promise, but no longer than `timeoutMs`, and no longer than until `signal` aborts. The promise goes on; its
 * later rejection is handled.
 *
 * @returns the promise's value, or {@link late}
 * @throws as the promise does; the signal's reason when it aborts first
 */
export async function within<T>(
  promise: PromiseLike<T>,
  timeoutMs: number,
  signal?: AbortSignal | undefined,
): Promise<T | typeof late> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<typeof late>()
  const isBounded = timeoutMs !== Number.POSITIVE_INFINITY
  const timer = isBounded ? setTimeout(() => resolve(late), Math.min(timeoutMs, LONGEST_TIMER_MS)) : undefined
  const onAbort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  ended.catch(() => {})
  const waited = Promise.resolve(promise)
  waited.catch(() => {})
  try {
    return await Promise.race([waited, ended])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
