import { checkQueueName } from '@internal/amqp'
import { ENV, LONGEST_TIMER_MS } from '@internal/contract'
import { type Names, Problems } from '@internal/options'
import { toWorkerError } from '../errors.ts'
import { checkHandler, checkMany, WORKER_OPTIONS } from '../options/resolve-options.ts'
import type { ConsumeManyOptions } from '../options/worker-options.ts'

/** The options of `runWorker`. All durations are in milliseconds. */
export interface RunWorkerOptions extends Omit<ConsumeManyOptions, 'queue' | 'signal' | 'maxItems'> {
  /** The queue to take from. Default: `QUEUE` of the environment. */
  readonly queue?: string | undefined
  /** The number of items that this process takes, or `all`. Default: `PODQUEUE_ITEMS` of the environment, else 1. */
  readonly items?: number | 'all' | undefined
  /**
   * Called once, when no item is held any more and telemetry is flushed: close pools, servers and telemetry here. It has `exitGraceMs`. Its failure is a
   * line on standard error and changes no exit code.
   */
  readonly close?: (() => unknown) | undefined
  /**
   * The time that the process may go on after its worker is done, milliseconds. When something still keeps it alive then, a line
   * on standard error names it, and the process ends with its exit code. Default: 10000.
   */
  readonly exitGraceMs?: number | undefined
}

/** The options of a worker's process: those given, else those of its environment. */
export type ProcessOptions = Omit<RunWorkerOptions, 'queue' | 'items' | 'close' | 'exitGraceMs'> & {
  readonly queue: string
  readonly items: number | 'all'
}

const RUN_WORKER_OPTIONS: Names<RunWorkerOptions> = {
  ...WORKER_OPTIONS,
  items: true,
  close: true,
  exitGraceMs: true,
  concurrency: true,
  maxDurationMs: true,
  maxConsecutiveFailures: true,
}

const EXIT_GRACE_MS = 10_000

/** The options for the time after the worker is done. They are safe to use although they may be wrong: the process has to end. */
export function closingOptions(given: RunWorkerOptions): {
  readonly close?: () => unknown
  readonly exitGraceMs: number
} {
  try {
    const { close, exitGraceMs } = given
    return {
      ...(typeof close === 'function' ? { close } : {}),
      exitGraceMs: isDuration(exitGraceMs) ? exitGraceMs : EXIT_GRACE_MS,
    }
  } catch {
    // No object at all, or one that cannot be read: processOptions says so.
    return { exitGraceMs: EXIT_GRACE_MS }
  }
}

function isDuration(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LONGEST_TIMER_MS
}

const NOT_OF_A_PROCESS = {
  signal: 'is an option of consumeOne and consumeMany: a process ends by SIGTERM or SIGINT',
  maxItems: 'is an option of consumeMany: a process has items',
}

/** @throws {WorkerError} `INVALID_OPTIONS` with everything that is wrong with the options and the environment */
export function processOptions(
  handler: unknown,
  given: RunWorkerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): ProcessOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const known = problems.options('options', given, RUN_WORKER_OPTIONS, NOT_OF_A_PROCESS)
  const {
    queue = word(environment[ENV.queue]),
    items = itemsOf(problems, environment[ENV.items]),
    close,
    exitGraceMs,
    ...options
  } = known
  const read = {
    concurrency: number(environment[ENV.concurrency]),
    empty: word(environment[ENV.empty]) as RunWorkerOptions['empty'],
    emptyCheckDelayMs: number(environment[ENV.emptyCheckDelayMs]),
    idleTimeoutMs: number(environment[ENV.idleTimeoutMs]),
  }
  const set = Object.entries({ ...read, ...options }).filter(([, value]) => value !== undefined)
  const complete: ProcessOptions = { ...Object.fromEntries(set), queue: queue as string, items }
  if (items !== 'all') problems.wholeNumber('items', items, { min: 1 })
  if (queue === undefined) problems.add('queue', `must be given: set ${ENV.queue} in the environment, or the option`)
  else checkQueueName(problems, queue)
  problems.guard('options', () => checkMany(problems, complete))
  problems.callable('close', close)
  problems.durationMs('exitGraceMs', exitGraceMs)
  problems.throwAs('runWorker', toWorkerError)
  return complete
}

function itemsOf(problems: Problems, text: string | undefined): number | 'all' {
  const value = word(text) ?? '1'
  if (value === 'all') return 'all'
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  problems.add(ENV.items, `must be a number of items or 'all', like itemsPerPod of the Job, not '${value}'`)
  return 1
}

function word(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** A text that is not a number becomes NaN, which the check of the option refuses. */
function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text)
}
