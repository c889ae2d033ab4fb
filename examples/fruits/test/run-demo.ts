import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const FRUITS = ['apple', 'banana', 'cherry', 'date', 'fig', 'grape', 'lemon', 'melon']

const DEMO = fileURLToPath(new URL('../demo/demo.ts', import.meta.url))

/** Runs the demo as `npm run demo` does, without a terminal. */
export function runDemo(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const child = spawn(process.execPath, [DEMO, ...args], {
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
  return {
    child,
    /** Sends SIGINT to all of its process group, as a terminal does on Ctrl-C. */
    interrupt: (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    },
    /** Resolves once its standard output has the text. */
    printed: async (text: string): Promise<void> => {
      while (!output.stdout.includes(text)) {
        if (child.exitCode !== null)
          throw new Error(`it ended before printing ${text}: ${output.stdout}${output.stderr}`)
        await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
      }
    },
    exited: once(child, 'close').then(([code]) => ({ code: code as number | null, ...output })),
  }
}

/** The fruits that pods said they processed, sorted, as often as they said so. */
export function processedFruits(stdout: string): string[] {
  return [...stdout.matchAll(/Processing (\w+)/g)].map(([, fruit]) => fruit ?? '').toSorted()
}
