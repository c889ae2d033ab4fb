import type { RunWorkerOptions } from '../run-worker.ts'

/** What the command line says, with its defaults; what it leaves out comes from the environment. */
export interface Settings
  extends Pick<
    RunWorkerOptions,
    'queue' | 'items' | 'concurrency' | 'empty' | 'emptyAfterMs' | 'idleTimeoutMs' | 'retries' | 'reconnectForMs'
  > {
  /** How long the program may take to end after SIGTERM, milliseconds. */
  readonly killAfterMs: number
  /** Exit codes of the program that dead-letter its item. */
  readonly deadLetterOn: readonly number[]
}

/** The settings of a command line without options. 25 s are within the 30 s that Kubernetes gives a pod. */
export const DEFAULTS: Settings = { killAfterMs: 25_000, deadLetterOn: [] }

/** A program to run on each item, and how. */
export interface Call {
  readonly name: string
  readonly args: readonly string[]
  readonly settings: Settings
}
