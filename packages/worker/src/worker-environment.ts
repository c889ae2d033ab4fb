import { WorkerError } from './errors.ts'
import type { RunWorkerOptions } from './run-worker.ts'

/** The options of a worker's process: those given, else those of its environment. */
export type ProcessOptions = Omit<RunWorkerOptions, 'queue' | 'items'> & {
  readonly queue: string
  readonly items: number | 'all'
}

/** @throws {WorkerError} `INVALID_OPTIONS` with all that is wrong with the environment; what it says is checked later */
export function withEnvironment(
  options: RunWorkerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): ProcessOptions {
  const { queue: name, items: wanted, ...given } = options
  const queue = name ?? environment.QUEUE
  if (queue === undefined || queue === '') {
    throw new WorkerError({
      code: 'INVALID_OPTIONS',
      message: 'No queue was given.',
      hint: 'Set QUEUE in the environment, or give the option queue.',
    })
  }
  const items = wanted ?? itemsOf(environment.PODQUEUE_ITEMS)
  const read = {
    concurrency: number(environment.PODQUEUE_CONCURRENCY),
    empty: word(environment.PODQUEUE_EMPTY) as 'exit' | 'wait' | undefined,
    emptyAfterMs: number(environment.PODQUEUE_EMPTY_AFTER_MS),
    idleTimeoutMs: number(environment.PODQUEUE_IDLE_MS),
  }
  const set = Object.entries({ ...read, ...given }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(set), queue, items }
}

function itemsOf(text: string | undefined): number | 'all' {
  const value = word(text) ?? '1'
  if (value === 'all') return 'all'
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  throw new WorkerError({
    code: 'INVALID_OPTIONS',
    message: `PODQUEUE_ITEMS is '${value}', which is neither a number of items nor 'all'.`,
    hint: 'It comes from itemsPerPod of the Job.',
  })
}

function word(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

/** What is not a number becomes NaN, which the options' own check refuses. */
function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text)
}
