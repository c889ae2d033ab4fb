import { EXIT } from '@internal/contract'
import { takeMany } from './consume-many.ts'
import { takeOne } from './consume-one.ts'
import type { Handler } from './handle/handler.ts'
import { resolveMany } from './options/resolve-options.ts'
import { exitCodeOf } from './process/exit-code.ts'
import { guardExit } from './process/exit-guard.ts'
import { refuseSeveralItems } from './process/items-of-job.ts'
import { lastWait } from './process/last-wait.ts'
import { report, STDERR } from './process/report.ts'
import {
  closingOptions,
  type ProcessOptions,
  processOptions,
  type RunWorkerOptions,
} from './process/run-worker-options.ts'

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
 * It never exits with 0 before it is done, also when a handler calls `process.exit(0)`. When it is done, it calls the option
 * `close`. The process then ends by itself, or after `exitGraceMs` when something is left open, or at once when a handler ignores a
 * signal that ended the process.
 */
export async function runWorker<R>(handler: Handler<R>, options: RunWorkerOptions = {}): Promise<void> {
  const endGuard = guardExit()
  const ending = new AbortController()
  let isDone = false
  const end = (signal: NodeJS.Signals): void => {
    if (isDone) process.exit()
    ending.abort(new Error(`The process received ${signal}.`))
  }
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
    process.exitCode = EXIT.done
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    report(error)
  }
  isDone = true
  endGuard()
  const { close, exitGraceMs } = closingOptions(options)
  const isHandling = (): boolean => running > 0
  // After a signal the grace is over: Kubernetes will not wait for a handler that ignores it.
  await lastWait({ close, exitGraceMs: isHandling() && ending.signal.aborted ? 0 : exitGraceMs, isHandling })
  for (const signal of SIGNALS) process.off(signal, end)
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

async function work<R>(handler: Handler<R>, given: ProcessOptions, signal: AbortSignal): Promise<void> {
  const { items, ...options } = given
  const limit = typeof items === 'number' ? { maxItems: items } : {}
  const resolved = resolveMany({ logger: STDERR, ...options, ...limit, signal })
  if (items !== 1) {
    const { status, done, deadLettered, failed } = await takeMany(handler, resolved)
    const why = {
      empty: 'the queue is empty',
      'max-items': 'the wanted number is reached',
      'max-duration': 'the time is over',
    }
    STDERR.info({}, `${done} done, ${deadLettered} dead-lettered, ${failed} failed attempts: ${why[status]}.`)
    return
  }
  refuseSeveralItems()
  const result = await takeOne(handler, resolved)
  if (result.status === 'empty') STDERR.info({}, 'The queue is empty: there is nothing to do.')
  if (result.status === 'dead-lettered') STDERR.warn({}, `The item is in the dead-letter queue: ${result.reason}`)
}
