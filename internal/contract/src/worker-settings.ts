/** The range and the default of an option that has a number. */
export interface NumberRule {
  readonly min: number
  readonly max: number
  readonly default: number
}

/** 2^31 - 1, the longest time that a timer of Node takes, milliseconds. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1

/** Milliseconds until the broker notices a dead worker at the latest: three heartbeats of 8 s. Until then its item is held. */
export const DEAD_WORKER_NOTICED_MS = 24_000

/** The behaviour of a worker on an empty queue. */
export type EmptyChoice = 'exit' | 'wait'

export const EMPTY_CHOICES: readonly EmptyChoice[] = ['exit', 'wait']

/** The settings that a Job passes to its workers: k8s checks them when the Job is built, the worker when it starts. */
export const WORKER_SETTINGS: Readonly<Record<'concurrency' | 'emptyCheckDelayMs' | 'idleTimeoutMs', NumberRule>> = {
  /** AMQP's prefetch is 16 bits wide. */
  concurrency: { min: 1, max: 65_535, default: 1 },
  /** Safe however short it is: a worker that asks too early finds an item on its way. It only saves questions. */
  emptyCheckDelayMs: { min: 1, max: LONGEST_TIMER_MS, default: 200 },
  idleTimeoutMs: { min: DEAD_WORKER_NOTICED_MS + 1, max: LONGEST_TIMER_MS, default: 30_000 },
}
