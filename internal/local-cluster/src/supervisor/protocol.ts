/** A request of the cluster to its supervisor. `id` is one run of one container. */
export type SupervisorRequest =
  | { readonly type: 'start'; readonly id: string; readonly run: ContainerRun }
  /** SIGTERM to the process group now, SIGKILL when `graceMs` have passed. */
  | { readonly type: 'stop'; readonly id: string; readonly graceMs: number }
  /** Whether `output` is to be sent for each piece of output of this run. */
  | { readonly type: 'follow'; readonly id: string; readonly on: boolean }

/** Everything that one process needs. Resolved by the cluster: the supervisor decides nothing about it. */
export interface ContainerRun {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly logFile: string
}

/** A report of the supervisor to the cluster. Times are milliseconds since the epoch. */
export type SupervisorReport =
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly id: string; readonly pid: number; readonly at: number }
  | { readonly type: 'notStarted'; readonly id: string; readonly message: string; readonly at: number }
  /** Its output is complete in the log file when this is sent. A signal n is the exit code 128 + n. */
  | {
      readonly type: 'exited'
      readonly id: string
      readonly exitCode: number
      readonly at: number
    }
  | { readonly type: 'output'; readonly id: string }
