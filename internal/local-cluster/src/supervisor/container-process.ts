import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { OutputLog } from './output-log.ts'
import type { OutputPipe } from './output-pipes.ts'
import { killMarked, RUN_MARK, signalGroup } from './process-tree.ts'
import type { ContainerRun } from './protocol.ts'

/** The wait for more output after the exit, when a process that left the group still holds the pipe. */
const STRAGGLER_MS = 250

export interface ContainerListener {
  started(pid: number): void
  notStarted(message: string): void
  output(): void
  exited(exitCode: number): void
}

/** One run of one container: a child process that leads a process group of its own, and its log file. */
export class ContainerProcess {
  readonly #child: ChildProcess
  readonly #mark: string
  #ended = false
  #kill: NodeJS.Timeout | undefined

  constructor(run: ContainerRun, mark: string, pipe: OutputPipe, listener: ContainerListener) {
    this.#mark = mark
    const [file = '', ...args] = run.command
    this.#child = spawn(file, args, {
      cwd: run.cwd,
      env: { ...run.env, [RUN_MARK]: mark },
      // A group of its own: a signal reaches the children of a shell too.
      detached: true,
      stdio: ['ignore', pipe.writeFd, pipe.writeFd],
    })
    closeSync(pipe.writeFd)
    const output = new Socket({ fd: pipe.readFd, readable: true, writable: false })
    const { pid } = this.#child
    if (pid === undefined) {
      output.destroy()
      this.#child.once('error', (error) => listener.notStarted(error.message))
      return
    }
    const log = new OutputLog(run.logFile)
    output.on('data', (chunk: Buffer) => {
      log.write(chunk)
      listener.output()
    })
    const complete = new Promise<void>((resolve) => {
      output.once('close', () => {
        log.close()
        resolve()
      })
    })
    this.#child.once('exit', async (code, signal) => {
      this.#ended = true
      clearTimeout(this.#kill)
      // In a real container everything ends with the first process.
      signalGroup(pid, 'SIGKILL')
      const stragglers = setTimeout(() => {
        killMarked(mark)
        output.destroy()
      }, STRAGGLER_MS)
      await complete
      clearTimeout(stragglers)
      listener.exited(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
    listener.started(pid)
  }

  stop(graceMs: number): void {
    const { pid } = this.#child
    if (pid === undefined || this.#ended) return
    if (graceMs <= 0) {
      this.#end(pid)
      return
    }
    signalGroup(pid, 'SIGTERM')
    clearTimeout(this.#kill)
    this.#kill = setTimeout(() => this.#end(pid), graceMs)
  }

  #end(pid: number): void {
    if (this.#ended) return
    signalGroup(pid, 'SIGKILL')
    killMarked(this.#mark)
  }
}
