import { redact } from '@internal/errors'
import { WorkerError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { writeTerminationLog } from './termination-log.ts'

const say: Logger['info'] = ({ err }, message) =>
  void process.stderr.write(`podqueue-worker: ${redact(`${message}${frames(err)}`)}\n`)

/** The logger of a worker's process: its standard error. */
export const STDERR: Logger = { info: say, warn: say }

/** The lines of the stack: where in the handler the error was thrown. */
function frames(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => `\n${line}`)
    .join('')
}

/** Writes to stderr and to the termination log why the process ends with its exit code. */
export function report(error: unknown): void {
  const text =
    error instanceof WorkerError
      ? `${error.code}: ${error.message}${error.hint === '' ? '' : `\n  ${error.hint}`}`
      : `This is a bug in podqueue, please report it: ${error instanceof Error ? error.stack : String(error)}`
  say(error instanceof WorkerError && error.code === 'HANDLER_FAILED' ? { err: error.cause } : {}, text)
  writeTerminationLog(redact(text))
}
