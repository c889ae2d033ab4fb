import { setTimeout as timer } from 'node:timers/promises'

/** Waits `ms` milliseconds. @throws the signal's reason as soon as it aborts */
export async function pause(ms: number, signal?: AbortSignal | undefined): Promise<void> {
  try {
    await timer(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
