import { pause } from '@internal/async'
import { type RunQueue, readQueue } from '../queue/queue-reading.ts'

const READ_EVERY_MS = 2000
/** A run of days is read less often: about as often as its picture can show. */
const READINGS = 500
const READ_TIMEOUT_MS = 10_000

/** Reads a queue again and again until the signal aborts. A reading that fails is one less. */
export async function followQueue(queue: RunQueue, signal: AbortSignal): Promise<void> {
  const begun = performance.now()
  while (!signal.aborted) {
    try {
      await pause(Math.max(READ_EVERY_MS, (performance.now() - begun) / READINGS), signal)
      await readQueue(queue, READ_TIMEOUT_MS, signal)
    } catch {
      // The broker may be away for a moment: the count at the end is the one that matters.
    }
  }
}
