import { describeWithStack, showText, stackFrames } from '@internal/errors'
import { WorkerError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { writeTerminationLog } from './termination-log.ts'

/** The logger of a worker's process: its standard error. `err` of the facts adds where the error was thrown. */
export const STDERR: Logger = { info: say, warn: say }

function say({ err }: Readonly<Record<string, unknown>>, text: string): void {
  writeLine(`${text}${err === undefined ? '' : stackFrames(err)}`)
}

let isGuarded = false

/** Writes a line to standard error. The text may hold texts of others: a handler's error, the broker's words. */
export function writeLine(text: string): void {
  if (!isGuarded) {
    // A log that goes away must not end the process with a code of its own.
    process.stderr.on('error', () => {})
    isGuarded = true
  }
  process.stderr.write(`podqueue-worker: ${showText(text, { multiline: true })}\n`)
}

/** Writes to stderr and to the termination log why the process ends with its exit code. */
export function report(error: unknown): void {
  if (!(error instanceof WorkerError)) {
    const bug = `This is a bug in podqueue, please report it: ${describeWithStack(error)}`
    writeLine(bug)
    writeTerminationLog(bug)
    return
  }
  const text = `${error.code}: ${error.message}${error.hint === '' ? '' : `\n  ${error.hint}`}`
  say(error.code === 'HANDLER_FAILED' ? { err: error.cause } : {}, text)
  writeTerminationLog(text)
}
