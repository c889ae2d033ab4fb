import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Item } from '../item.ts'
import { programEnvironment } from './program-environment.ts'

/**
 * Runs a program on one item: the body on its standard input, what it prints straight through. Resolves when it exits
 * with 0, throws otherwise. When the signal aborts, its process group gets SIGTERM and, after `killAfterMs`, SIGKILL;
 * whatever it leaves behind in its group ends with it.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  item: Item,
  { signal, killAfterMs }: { readonly signal: AbortSignal; readonly killAfterMs: number },
): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: programEnvironment(item),
    // A process group of its own, so that signals reach all that it starts.
    detached: true,
  })
  const sendToGroup = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name)
    } catch {
      // ESRCH: nobody is left in the group.
    }
  }
  let killTimer: NodeJS.Timeout | undefined
  const stop = (): void => {
    sendToGroup('SIGTERM')
    killTimer = setTimeout(() => sendToGroup('SIGKILL'), killAfterMs)
  }
  signal.addEventListener('abort', stop, { once: true })
  // EPIPE: the program does not read its input to the end, which is its own affair.
  child.stdin.on('error', () => {})
  child.stdin.end(item.body)
  try {
    if (signal.aborted) stop()
    const [code, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    if (code === 0) return
    throw new Error(by === null ? `${program} exited with ${code}` : `${program} was ended by ${by}${oomHint(by)}`)
  } finally {
    clearTimeout(killTimer)
    signal.removeEventListener('abort', stop)
    sendToGroup('SIGKILL')
  }
}

function oomHint(signal: NodeJS.Signals): string {
  return signal === 'SIGKILL' ? ' (out of memory?)' : ''
}
