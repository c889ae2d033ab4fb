import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { WorkerError } from '../errors.ts'
import type { Item } from '../item/item.ts'
import { PassedOn } from './passed-on.ts'
import { programEnvironment } from './program-environment.ts'
import { LastWords, ResultOutput } from './program-output.ts'

/** Thrown when the program did not exit with 0. */
export class ProgramFailed extends Error {
  override readonly name: string = 'ProgramFailed'
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  /** The end of the program's standard error. */
  readonly stderr: string
  /** Empty: the program's own output tells what went wrong. */
  override readonly stack: string = ''

  constructor(program: string, { code, by }: Exit, stderr: string) {
    super(by === null ? `${program} exited with ${code}.` : `${program} was ended by ${by}${oomHint(by)}.`)
    this.exitCode = code ?? undefined
    this.stderr = stderr
    // A logger that prints the error does not print what is on standard error already.
    Object.defineProperty(this, 'stderr', { enumerable: false })
  }
}

/**
 * Runs a program on one item, with the body on its standard input and its output passed through. Resolves when it exits with
 * 0, throws otherwise. When the signal aborts, its process group gets SIGTERM and, after `killAfterMs`, SIGKILL. Processes that
 * it leaves behind in its group end with it. The body is written as the program reads it: a pipe holds 64 KiB.
 *
 * @returns the standard output, where the item wants a result; at most one byte more than `maxResultBytes` of it
 * @throws {ProgramFailed} it did not exit with 0
 * @throws {WorkerError} `PROGRAM_NOT_FOUND`: it cannot be started at all
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  item: Item,
  { signal, killAfterMs, maxResultBytes }: RunProgramOptions,
): Promise<string | Buffer | undefined> {
  signal.throwIfAborted()
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(program, args, {
    stdio: ['pipe', item.wantsResult ? 'pipe' : 'inherit', 'pipe'],
    env: programEnvironment(item),
    // A process group of its own, so that signals reach all that it starts.
    detached: true,
  }) as ChildProcessByStdio<Writable, Readable | null, Readable>
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on('exit', (code, by) => resolve({ code, by }))
    child.on('error', (error) => reject(cannotStart(program, error)))
  })
  const sendToGroup = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name)
    } catch {
      // ESRCH: no process is left in the group.
    }
  }
  let killTimer: NodeJS.Timeout | undefined
  const stop = (): void => {
    sendToGroup('SIGTERM')
    killTimer = setTimeout(() => sendToGroup('SIGKILL'), killAfterMs)
  }
  signal.addEventListener('abort', stop, { once: true })
  // EPIPE: the program does not read its input to the end, which is no error.
  child.stdin.on('error', () => {})
  child.stdin.end(item.body)
  const lastWords = new LastWords()
  const result = new ResultOutput(maxResultBytes)
  const outputs = [new PassedOn(child.stderr, process.stderr, (bytes) => lastWords.add(bytes))]
  if (child.stdout !== null) outputs.push(new PassedOn(child.stdout, process.stdout, (bytes) => result.add(bytes)))
  try {
    if (signal.aborted) stop()
    const { code, by } = await exit
    sendToGroup('SIGKILL')
    await Promise.all(outputs.map((output) => output.heard()))
    if (code !== 0) throw new ProgramFailed(program, { code, by }, lastWords.text)
    return item.wantsResult ? result.value : undefined
  } finally {
    clearTimeout(killTimer)
    signal.removeEventListener('abort', stop)
    sendToGroup('SIGKILL')
  }
}

export interface RunProgramOptions {
  readonly signal: AbortSignal
  readonly killAfterMs: number
  readonly maxResultBytes: number
}

/** The end of a program: its exit code, or the signal that ended it. */
interface Exit {
  readonly code: number | null
  readonly by: NodeJS.Signals | null
}

function oomHint(signal: NodeJS.Signals): string {
  return signal === 'SIGKILL' ? ' (out of memory?)' : ''
}

/** A script whose interpreter is missing, a binary of another architecture, no process left: only the start shows it. */
function cannotStart(program: string, cause: NodeJS.ErrnoException): WorkerError {
  const lasting = ['ENOENT', 'ENOEXEC', 'EACCES', 'ENOTDIR'].includes(cause.code ?? '')
  return new WorkerError({
    code: lasting ? 'PROGRAM_NOT_FOUND' : 'HANDLER_FAILED',
    message: `${program} cannot be started (${cause.code}).`,
    hint: 'Is the interpreter of its first line in the image, and is it built for this machine?',
    retryable: !lasting,
    details: { program },
    cause,
  })
}
