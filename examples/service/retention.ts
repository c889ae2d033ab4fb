import { setImmediate as breath } from 'node:timers/promises'
import type { Runner } from './runner.ts'
import type { Store } from './store.ts'

/** How often old batches are looked for, at most and at least. */
const AT_MOST_EVERY_MS = 500
const AT_LEAST_EVERY_MS = 3_600_000

/** Deletes batches that ended longer ago than `keepMs`, for as long as the process runs. */
export function startRetention(store: Store, runner: Runner, keepMs: number): void {
  const everyMs = Math.min(AT_LEAST_EVERY_MS, Math.max(AT_MOST_EVERY_MS, keepMs / 10))
  const look = async (): Promise<void> => {
    for (const id of store.endedBefore(Date.now() - keepMs)) {
      runner.forget(id)
      // The rows of a large batch take a moment, and requests are answered in between.
      await breath()
    }
    setTimeout(look, everyMs).unref()
  }
  void look()
}
