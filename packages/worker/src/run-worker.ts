import { consumeMany } from './consume-many.ts'
import { consumeOne } from './consume-one.ts'
import type { Handler } from './handle/handler.ts'
import { GRACE_MS } from './options/resolve-options.ts'
import { exitCodeOf } from './process/exit-code.ts'
import { report, STDERR } from './process/report.ts'
import { type ProcessOptions, processOptions, type RunWorkerOptions } from './process/run-worker-options.ts'

/**
 * `consumeOne`, or `consumeMany` where it is to take more than one item, as a whole process: for the entry file of a
 * worker's image.
 *
 * Reads `QUEUE`, `PODQUEUE_ITEMS`, `PODQUEUE_CONCURRENCY`, `PODQUEUE_EMPTY`, `PODQUEUE_EMPTY_CHECK_DELAY_MS` and
 * `PODQUEUE_IDLE_TIMEOUT_MS` where an option is not given. SIGTERM and SIGINT abort the handler's signal and, after the grace,
 * release the item. Sets `process.exitCode` (see the table in the README), says on stderr why an item was not done and
 * where in the handler, and leaves the cause in the file that `PODQUEUE_TERMINATION_LOG` names, else in
 * `/dev/termination-log` where that exists. Never throws.
 *
 * A handler that ignores its signal after the item is lost has `graceMs` more, or no time after a signal. Then the process ends
 * with that exit code.
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
    // It may never end, and would keep the pod and its Job running.
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
      'max-items': 'the wanted number is reached',
      'max-duration': 'the time is over',
    }
    STDERR.info({}, `${done} done, ${deadLettered} dead-lettered, ${failed} failed attempts: ${why[status]}.`)
    return
  }
  const { concurrency: _, maxDurationMs: __, maxConsecutiveFailures: ___, ...one } = options
  const result = await consumeOne(handler, { logger: STDERR, ...one, signal })
  if (result.status === 'empty') STDERR.info({}, 'The queue is empty: there is nothing to do.')
  if (result.status === 'dead-lettered') STDERR.warn({}, `The item is in the dead-letter queue: ${result.reason}`)
}
