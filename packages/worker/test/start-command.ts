import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { markedProcesses } from '@internal/testing/marked-processes'
import { onTestFinished } from 'vitest'

/** Inherited by everything that a command starts. */
const MARK = 'STARTED_BY_TEST'

/** The command as it is installed. */
export const COMMAND: string = fileURLToPath(new URL('../dist/podqueue-worker.js', import.meta.url))

/** A process of the command, and what it prints. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves once it has printed that text on its standard output. */
  printed(text: string): Promise<void>
  readonly exited: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/**
 * Starts a program, or by default the command with those arguments, with nothing but that environment. When the test is over, also
 * by a failure, it ends with everything that it started.
 */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  program: readonly [string, ...string[]] = [process.execPath, COMMAND],
): RunningCommand {
  const [file, ...first] = program
  const mark = randomUUID()
  const child = spawn(file, [...first, ...args], {
    env: { PATH: process.env.PATH ?? '', [MARK]: mark, ...environment },
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      output[name] += chunk
    })
  }
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    for (const pid of await markedProcesses(MARK, mark)) endProcess(pid)
    await exited
  })
  const over = exited.then(() => Promise.reject(new Error(`it ended first: ${output.stdout}${output.stderr}`)))
  over.catch(() => {})
  return {
    child,
    exited,
    printed: async (text) => {
      while (!output.stdout.includes(text)) await Promise.race([once(child.stdout, 'data'), over])
    },
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended meanwhile.
  }
}
