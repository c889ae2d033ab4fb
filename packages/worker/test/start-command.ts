import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The command as it is installed. */
export const COMMAND: string = fileURLToPath(new URL('../dist/podqueue-worker.js', import.meta.url))

/** A process of the command, and what it prints. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves once it has printed that text on its standard output. */
  printed(text: string): Promise<void>
  readonly exited: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** Starts a program, or by default the command with those arguments, with nothing but that environment. */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  program: readonly [string, ...string[]] = [process.execPath, COMMAND],
): RunningCommand {
  const [file, ...first] = program
  const child = spawn(file, [...first, ...args], { env: { PATH: process.env.PATH ?? '', ...environment } })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      output[name] += chunk
    })
  }
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
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
