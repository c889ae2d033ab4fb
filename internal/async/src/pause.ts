import { LONGEST_TIMER_MS } from '@internal/contract'

/** Waits `ms` milliseconds, at most 2^31 - 1. @throws the signal's reason as soon as it aborts */
export async function pause(ms: number, signal?: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS))
  const onAbort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
