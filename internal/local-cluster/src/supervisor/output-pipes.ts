import { execFile } from 'node:child_process'
import { constants, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Pipes made at a time: one `mkfifo` serves this many containers. */
const BATCH = 64

const run = promisify(execFile)

/** The two ends of one pipe, as file descriptors. */
export interface OutputPipe {
  readonly readFd: number
  readonly writeFd: number
}

/**
 * Pipes for standard output and standard error together, so that the lines of both stay in the order in which they were
 * written. Node's own `stdio: 'pipe'` gives two sockets: their order is lost, and a shell's `>/dev/stderr` fails on a socket.
 */
export class OutputPipes {
  readonly #folder: string
  #paths: string[] = []
  #count = 0
  #making: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** A pipe of its own that has no name any more: it is gone when both ends are closed. */
  async take(): Promise<OutputPipe> {
    let path = this.#paths.pop()
    while (path === undefined) {
      this.#making ??= this.#make().finally(() => {
        this.#making = undefined
      })
      await this.#making
      path = this.#paths.pop()
    }
    // The reader first and without blocking, or each end would wait for the other.
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writeFd = openSync(path, constants.O_WRONLY)
    unlinkSync(path)
    return { readFd, writeFd }
  }

  async #make(): Promise<void> {
    const paths = Array.from({ length: BATCH }, () => join(this.#folder, `output-${this.#count++}`))
    await run('mkfifo', ['-m', '600', ...paths])
    this.#paths = paths
  }
}
