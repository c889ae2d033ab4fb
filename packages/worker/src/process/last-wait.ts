import { within } from '@internal/async'
import { describeThrown } from '@internal/errors'
import { tellExit } from './before-exit.ts'
import { writeLine } from './report.ts'

/** The things that may keep a process alive after its worker is done. */
interface LastWait {
  /** Closes the app's own things. Its failure is reported and changes no exit code. */
  readonly close: (() => unknown) | undefined
  /** The time that the process has to end by itself, milliseconds. */
  readonly exitGraceMs: number
  /** Whether a handler still runs, which is too late for its item. */
  isHandling(): boolean
}

/**
 * Lets the process go after its worker is done: calls the app's `close`, and ends the process with its exit code when something still
 * keeps it alive `exitGraceMs` later. An open pool, server or timer would keep the pod, and the Job, running for ever.
 */
export async function lastWait({ close, exitGraceMs, isHandling }: LastWait): Promise<void> {
  const startedAt = performance.now()
  // Before `close`, which may end the way that they are sent.
  await telemetrySent(Math.max(exitGraceMs, LAST_WORDS_MS))
  const leftMs = Math.max(0, exitGraceMs - (performance.now() - startedAt))
  // It keeps nothing alive itself: a process with nothing left to do ends before.
  setTimeout(() => {
    const by = isHandling() ? ', in a handler that ignores its signal' : ''
    writeLine(
      `Still open ${exitGraceMs} ms after the worker was done${by}: ${openResources()}. The process ends now. See the options close and exitGraceMs.`,
    )
    process.exit()
  }, leftMs).unref()
  if (close === undefined) return
  try {
    await within(Promise.resolve(close()), leftMs)
  } catch (error) {
    writeLine(`close failed: ${describeThrown(error)}`)
  }
}

/** A handler that is not waited for leaves telemetry this time all the same, milliseconds. */
const LAST_WORDS_MS = 1_000

/** Waits for the subscribers of `podqueue:exit`. */
async function telemetrySent(timeoutMs: number): Promise<void> {
  const waited = tellExit()
  if (waited.length > 0) await within(Promise.allSettled(waited), timeoutMs)
}

/** The names of the resources that keep the process alive, as Node calls them: `TCPServerWrap`, `Timeout`. */
function openResources(): string {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`))
  return names.length === 0 ? 'something without a name' : names.join(', ')
}
