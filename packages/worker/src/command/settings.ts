import { MAX_RESULT_BYTES } from '../options/resolve-options.ts'
import type { RunWorkerOptions } from '../process/run-worker-options.ts'

/** The settings of the command line, with its defaults. Those that it leaves out come from the environment. */
export interface Settings
  extends Pick<
    RunWorkerOptions,
    'queue' | 'items' | 'concurrency' | 'empty' | 'emptyCheckDelayMs' | 'idleTimeoutMs' | 'retries' | 'reconnectForMs'
  > {
  /** The time that the program has to end after SIGTERM, milliseconds. */
  readonly killAfterMs: number
  /** The largest result, bytes: the program's standard output, where its batch has results. */
  readonly maxResultBytes: number
  /** Exit codes of the program that dead-letter its item. */
  readonly deadLetterOn: readonly number[]
}

/** The settings of a command line without options. 25 s are within the 30 s that Kubernetes gives a pod. */
export const DEFAULTS: Settings = { killAfterMs: 25_000, deadLetterOn: [], maxResultBytes: MAX_RESULT_BYTES }

/** A program to run on each item, and how. */
export interface Call {
  readonly name: string
  readonly args: readonly string[]
  readonly settings: Settings
}
