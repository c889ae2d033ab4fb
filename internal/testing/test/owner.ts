import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./broker-owner.ts', import.meta.url))

/** Another program that owns a broker. */
interface Owner extends AsyncDisposable {
  readonly pid: number
  readonly exited: Promise<unknown>
  nextLine(): Promise<string | undefined>
}

/** Starts a program that starts a broker, in a process group of its own. */
export function startOwner(way: 'local' | 'docker'): Owner {
  const child = spawn(process.execPath, [PROGRAM, way], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    exited,
    nextLine: async () => (await lines.next()).value,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
