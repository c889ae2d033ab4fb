import { checkQueueName } from '@internal/amqp'
import { type Names, Problems } from '@internal/options'
import { toWorkerError } from '../errors.ts'
import { checkHandler, checkMany, WORKER_OPTIONS } from '../options.ts'
import type { RunWorkerOptions } from '../run-worker.ts'

/** The options of a worker's process: those given, else those of its environment. */
export type ProcessOptions = Omit<RunWorkerOptions, 'queue' | 'items'> & {
  readonly queue: string
  readonly items: number | 'all'
}

const RUN_WORKER_OPTIONS: Names<RunWorkerOptions> = {
  ...WORKER_OPTIONS,
  items: true,
  concurrency: true,
  maxDurationMs: true,
  maxConsecutiveFailures: true,
}

const NOT_OF_A_PROCESS = {
  signal: 'is of consumeOne and consumeMany: a process has SIGTERM and SIGINT',
  maxItems: 'is of consumeMany: a process has items',
}

/** @throws {WorkerError} `INVALID_OPTIONS` with all that is wrong with the options and the environment */
export function processOptions(
  handler: unknown,
  given: RunWorkerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): ProcessOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const known = problems.options('options', given, RUN_WORKER_OPTIONS, NOT_OF_A_PROCESS)
  const { queue = word(environment.QUEUE), items = itemsOf(problems, environment.PODQUEUE_ITEMS), ...options } = known
  const read = {
    concurrency: number(environment.PODQUEUE_CONCURRENCY),
    empty: word(environment.PODQUEUE_EMPTY) as 'exit' | 'wait' | undefined,
    emptyAfterMs: number(environment.PODQUEUE_EMPTY_AFTER_MS),
    idleTimeoutMs: number(environment.PODQUEUE_IDLE_MS),
  }
  const set = Object.entries({ ...read, ...options }).filter(([, value]) => value !== undefined)
  const complete: ProcessOptions = { ...Object.fromEntries(set), queue: queue as string, items }
  if (items !== 'all') problems.wholeNumber('items', items, { min: 1 })
  if (queue === undefined) problems.add('queue', 'must be given: set QUEUE in the environment, or the option')
  else checkQueueName(problems, queue)
  checkMany(problems, complete)
  problems.throwAs('runWorker', toWorkerError)
  return complete
}

function itemsOf(problems: Problems, text: string | undefined): number | 'all' {
  const value = word(text) ?? '1'
  if (value === 'all') return 'all'
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  problems.add('PODQUEUE_ITEMS', `must be a number of items or 'all', as itemsPerPod of the Job, not '${value}'`)
  return 1
}

function word(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** What is not a number becomes NaN, which the options' own check refuses. */
function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text)
}
