import { K8sError, type K8sErrorCode } from '../errors.ts'
import type { JobResult } from '../wait/job-result.ts'

/** Thrown when the Job is complete, but the queue does not show that every item was done. `code` says why. */
export class RunIncompleteError extends K8sError {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.RunIncompleteError')
  override name = 'RunIncompleteError'
  /** How the Job went, and what the queue said. */
  readonly result: JobResult

  constructor(fields: {
    code: K8sErrorCode
    message: string
    hint?: string
    retryable?: boolean
    result: JobResult
    cause?: unknown
  }) {
    super({ ...fields, details: { ...fields.result } })
    this.result = fields.result
    // It is in `details` too: once is enough for who prints the error.
    Object.defineProperty(this, 'result', { enumerable: false })
  }
}
