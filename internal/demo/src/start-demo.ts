import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A demo that runs in a process of its own. */
export interface DemoProcess {
  readonly child: ChildProcess
  /** Sends SIGINT to all of its process group, as a terminal does on Ctrl-C. */
  interrupt(): void
  /** Resolves once its standard output has the text. */
  printed(text: string): Promise<void>
  readonly exited: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** Starts the program of a demo as `npm run` does, without a terminal. */
export function startDemo(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): DemoProcess {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    // A test's own broker and cluster are given, never found.
    env: { ...inherited, BROKER_URL: '', NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  // Only then all of its output has been read.
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  return {
    child,
    interrupt: (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    },
    printed: async (text): Promise<void> => {
      const over = exited.then(({ stdout, stderr }) => {
        if (!stdout.includes(text)) throw new Error(`it ended before printing ${text}: ${stdout}${stderr}`)
      })
      while (!output.stdout.includes(text)) {
        const heard = new AbortController()
        const next = once(child.stdout, 'data', { signal: heard.signal })
        next.catch(() => {})
        await Promise.race([next, over]).finally(() => heard.abort())
      }
    },
    exited,
  }
}
