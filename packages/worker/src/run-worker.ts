import { redact } from '@internal/errors'
import { consumeOne } from './consume-one.ts'
import { WorkerError } from './errors.ts'
import { exitCodeOf } from './exit-code.ts'
import type { Handler } from './handler.ts'
import type { ConsumeOneOptions, Logger } from './options.ts'
import { writeTerminationLog } from './termination-log.ts'

export interface RunWorkerOptions extends Omit<ConsumeOneOptions, 'queue' | 'signal'> {
  /** The queue to take from. Default: the environment's `QUEUE`. */
  readonly queue?: string
}

/**
 * `consumeOne` as a whole process, for the entry file of a worker's image.
 *
 * Reads `QUEUE`, `PODQUEUE_EMPTY`, `PODQUEUE_EMPTY_AFTER_MS` and `PODQUEUE_IDLE_MS` where an option is not given. SIGTERM
 * and SIGINT abort the handler's signal and, after the grace, release the item. Sets `process.exitCode` (see the table in
 * the README), writes one line on stderr when the item was not done, and leaves the cause in the file that
 * `PODQUEUE_TERMINATION_LOG` names, else in `/dev/termination-log` where that exists. Never throws.
 */
export async function runWorker<R>(handler: Handler<R>, options: RunWorkerOptions = {}): Promise<void> {
  const ending = new AbortController()
  const end = (signal: NodeJS.Signals): void => ending.abort(new Error(`received ${signal}`))
  for (const signal of SIGNALS) process.on(signal, end)
  try {
    const outcome = await consumeOne(handler, { logger: STDERR, ...withEnvironment(options), signal: ending.signal })
    process.exitCode = 0
    if (outcome.status === 'empty') STDERR.info({}, 'the queue is empty: nothing to do')
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    report(error)
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
  }
}
const SIGNALS = ['SIGTERM', 'SIGINT'] as const

const STDERR: Logger = {
  info: (_, message) => process.stderr.write(`podqueue-worker: ${message}\n`),
  warn: (_, message) => process.stderr.write(`podqueue-worker: ${message}\n`),
}

/** Says on stderr and in the termination log why the process ends as it does. */
export function report(error: unknown): void {
  const text =
    error instanceof WorkerError
      ? `${error.code}: ${error.message}${error.hint === '' ? '' : `\n  ${error.hint}`}`
      : `a bug in podqueue, please report it: ${error instanceof Error ? error.stack : String(error)}`
  process.stderr.write(`podqueue-worker: ${redact(text)}\n`)
  writeTerminationLog(redact(text))
}

function withEnvironment(options: RunWorkerOptions, environment: NodeJS.ProcessEnv = process.env): ConsumeOneOptions {
  const { PODQUEUE_ITEMS: items, PODQUEUE_EMPTY: empty } = environment
  if (items !== undefined && items !== '' && items !== '1') {
    throw new WorkerError({
      code: 'INVALID_OPTIONS',
      message: `PODQUEUE_ITEMS is '${items}', and this worker takes one item a process`,
      hint: 'Leave itemsPerPod of the Job at 1.',
    })
  }
  const queue = options.queue ?? environment.QUEUE
  if (queue === undefined || queue === '') {
    throw new WorkerError({
      code: 'INVALID_OPTIONS',
      message: 'no queue was given',
      hint: 'Set QUEUE in the environment, or give the option queue.',
    })
  }
  const emptyAfterMs = options.emptyAfterMs ?? milliseconds(environment, 'PODQUEUE_EMPTY_AFTER_MS')
  const idleTimeoutMs = options.idleTimeoutMs ?? milliseconds(environment, 'PODQUEUE_IDLE_MS')
  return {
    ...(empty === undefined || empty === '' ? {} : { empty: empty as 'exit' | 'wait' }),
    ...options,
    queue,
    ...(emptyAfterMs === undefined ? {} : { emptyAfterMs }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  }
}

function milliseconds(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const value = environment[name]
  return value === undefined || value === '' ? undefined : Number(value)
}
