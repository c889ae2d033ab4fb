import { K8sError } from '../errors.ts'
import type { PodFailure } from '../pods/pod-failure.ts'

/** The facts of a {@link JobFailedError}. */
export interface JobFailure {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Kubernetes' word for why: `BackoffLimitExceeded`, `DeadlineExceeded`, `ErrImagePull`. */
  readonly reason: string
  /** Pods that failed or do not start, with exit codes, termination messages and the ends of their logs: at most 20, a sample. */
  readonly pods: readonly PodFailure[]
  /** The fate of a Job that had not ended, by `onAbort`: `deleted`, `suspended` or `left running`. */
  readonly fate?: string
}

/** The codes of a {@link JobFailedError}. */
export type JobFailedCode =
  | 'JOB_FAILED'
  | 'IMAGE_UNAVAILABLE'
  | 'CONFIG_MISSING'
  | 'POD_START_FAILED'
  | 'POD_REFUSED'
  | 'QUOTA_EXCEEDED'
  | 'UNSCHEDULABLE'
  | 'CRASH_LOOP'
  | 'NODE_LOST'
  | 'POD_NOT_ENDING'
  | 'JOB_STALLED'
  | 'WORKER_MISCONFIGURED'

/** A {@link JobFailedError} of any code. */
export type AnyJobFailedError = { [Code in JobFailedCode]: JobFailedError<Code> }[JobFailedCode]

/** Thrown when a Job failed, or cannot come to its end as it is. `code` says which. */
export class JobFailedError<Code extends JobFailedCode = JobFailedCode> extends K8sError<Code> {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.JobFailedError')
  override name = 'JobFailedError'
  /** Which Job, why, and what its pods said. */
  readonly job: JobFailure

  static override [Symbol.hasInstance](value: unknown): value is AnyJobFailedError {
    return super[Symbol.hasInstance](value)
  }

  constructor(fields: { code: Code; message: string; hint?: string; job: JobFailure; cause?: unknown }) {
    super({ ...fields, details: { ...fields.job } })
    this.job = fields.job
    // It is in `details` too: an error that is printed shows it once.
    Object.defineProperty(this, 'job', { enumerable: false })
  }

  /** The same error, which also says what became of the Job. */
  withFate(fate: string): JobFailedError<Code> {
    const { code, message, hint, job, cause } = this
    return new JobFailedError({ code, message: `${message}\nThe Job was ${fate}.`, hint, job: { ...job, fate }, cause })
  }
}
