import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The items that another process enqueues: the numbers from 0 up to `count`. */
export interface ProducerTask {
  readonly url: string
  readonly queue: string
  readonly count: number
  readonly journal: string
  readonly window?: number
  /** Reads no further than this number, and waits to be killed. */
  readonly holdAt?: number
}

/** A producer in a process of its own, which can be killed. It ends with its scope. */
export interface ProducerProcess extends AsyncDisposable {
  readonly pid: number | undefined
  /** Its exit code; null after a kill. */
  readonly exited: Promise<number | null>
  /** Resolves once it has read the item with this number, or has ended. */
  reached(item: number): Promise<void>
  kill(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('./enqueue-program.ts', import.meta.url))

export function producerProcess(task: ProducerTask): ProducerProcess {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  let last = -1
  let watch: { readonly item: number; readonly done: () => void } | undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = Number(line)
    if (watch !== undefined && last >= watch.item) watch.done()
  })
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  return {
    pid: child.pid,
    exited,
    reached: async (item) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      watch = { item, done: resolve }
      if (last >= item) resolve()
      await Promise.race([promise, exited])
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
