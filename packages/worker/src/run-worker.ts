import { redact } from '@internal/errors'
import { consumeMany } from './consume-many.ts'
import { consumeOne } from './consume-one.ts'
import { WorkerError } from './errors.ts'
import type { Handler } from './handle/handler.ts'
import type { Logger } from './logger.ts'
import { type ConsumeManyOptions, GRACE_MS } from './options.ts'
import { exitCodeOf } from './process/exit-code.ts'
import { writeTerminationLog } from './process/termination-log.ts'
import { type ProcessOptions, processOptions } from './process/worker-environment.ts'

export interface RunWorkerOptions extends Omit<ConsumeManyOptions, 'queue' | 'signal' | 'maxItems'> {
  /** The queue to take from. Default: the environment's `QUEUE`. */
  readonly queue?: string | undefined
  /** How many items this process takes, or all that there are. Default: the environment's `PODQUEUE_ITEMS`, else 1. */
  readonly items?: number | 'all' | undefined
}

/**
 * `consumeOne`, or `consumeMany` where it is to take more than one item, as a whole process: for the entry file of a
 * worker's image.
 *
 * Reads `QUEUE`, `PODQUEUE_ITEMS`, `PODQUEUE_CONCURRENCY`, `PODQUEUE_EMPTY`, `PODQUEUE_EMPTY_AFTER_MS` and
 * `PODQUEUE_IDLE_MS` where an option is not given. SIGTERM and SIGINT abort the handler's signal and, after the grace,
 * release the item. Sets `process.exitCode` (see the table in the README), says on stderr why an item was not done and
 * where in the handler, and leaves the cause in the file that `PODQUEUE_TERMINATION_LOG` names, else in
 * `/dev/termination-log` where that exists. Never throws.
 *
 * What the program does afterwards is its own, but a handler that goes on although its item is somebody else's by then has
 * `graceMs` more, or none after a signal; then the process ends, with that exit code.
 */
export async function runWorker<R>(handler: Handler<R>, options: RunWorkerOptions = {}): Promise<void> {
  const ending = new AbortController()
  const end = (signal: NodeJS.Signals): void => ending.abort(new Error(`The process received ${signal}.`))
  for (const signal of SIGNALS) process.on(signal, end)
  let running = 0
  const counted: Handler<R> = async (item, context) => {
    running += 1
    try {
      return await handler(item, context)
    } finally {
      running -= 1
    }
  }
  try {
    await work(counted, processOptions(handler, options), ending.signal)
    process.exitCode = 0
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    report(error)
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
    // It may never end, and would keep the pod, and with it the Job.
    if (running > 0) setTimeout(() => process.exit(), ending.signal.aborted ? 0 : (options.graceMs ?? GRACE_MS)).unref()
  }
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

async function work<R>(handler: Handler<R>, given: ProcessOptions, signal: AbortSignal): Promise<void> {
  const { items, ...options } = given
  if (items !== 1) {
    const limit = items === 'all' ? {} : { maxItems: items }
    const { status, done, deadLettered, failed } = await consumeMany(handler, {
      logger: STDERR,
      ...options,
      ...limit,
      signal,
    })
    const why = {
      empty: 'the queue is empty',
      'max-items': 'that is as many as wanted',
      'max-duration': 'the time is over',
    }
    STDERR.info({}, `${done} done, ${deadLettered} dead-lettered, ${failed} failed attempts: ${why[status]}.`)
    return
  }
  const { concurrency: _, maxDurationMs: __, maxConsecutiveFailures: ___, ...one } = options
  const outcome = await consumeOne(handler, { logger: STDERR, ...one, signal })
  if (outcome.status === 'empty') STDERR.info({}, 'The queue is empty: there is nothing to do.')
  if (outcome.status === 'dead-lettered') STDERR.warn({}, `The item is in the dead-letter queue: ${outcome.reason}`)
}

const say: Logger['info'] = ({ err }, message) =>
  void process.stderr.write(`podqueue-worker: ${redact(`${message}${frames(err)}`)}\n`)
const STDERR: Logger = { info: say, warn: say }

/** Where in the handler it was thrown. */
function frames(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => `\n${line}`)
    .join('')
}

/** Says on stderr and in the termination log why the process ends as it does. */
export function report(error: unknown): void {
  const text =
    error instanceof WorkerError
      ? `${error.code}: ${error.message}${error.hint === '' ? '' : `\n  ${error.hint}`}`
      : `This is a bug in podqueue, please report it: ${error instanceof Error ? error.stack : String(error)}`
  say(error instanceof WorkerError && error.code === 'HANDLER_FAILED' ? { err: error.cause } : {}, text)
  writeTerminationLog(redact(text))
}
