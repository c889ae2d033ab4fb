import { type ProgressView, showProgress } from '@podqueue/k8s/progress'
import { explain } from './explain.ts'

/** The exit code that a shell reports for a program ended by SIGINT. */
const EXIT_INTERRUPTED = 130

/** The view on which a demo shows its progress, and the signal that SIGINT and SIGTERM abort. */
export interface Stage {
  readonly view: ProgressView
  readonly signal: AbortSignal
}

/** Runs a demo as the whole of this process: its error becomes a text that says what to do, and the exit code. */
export async function runDemo(demo: (stage: Stage) => Promise<void>): Promise<void> {
  const interrupted = new AbortController()
  const { signal } = interrupted
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => interrupted.abort(new Error(`received ${name}`)))
  }
  const view = showProgress()
  try {
    await demo({ view, signal })
  } catch (error) {
    view.end()
    const { text, exitCode } = explain(error)
    process.exitCode = signal.aborted ? EXIT_INTERRUPTED : exitCode
    if (signal.aborted) process.stdout.write('interrupted: everything that was started is ended and removed\n')
    else if (text !== '') process.stderr.write(`${text}\n`)
  }
}
