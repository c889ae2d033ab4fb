import { K8sError } from '../errors.ts'
import type { JobResult } from '../job/job-result.ts'
import { endedBy } from '../timeline/ended-by.ts'

/** The codes of a {@link RunIncompleteError}. */
export type RunIncompleteCode = 'ITEMS_LEFT' | 'DEAD_LETTERED' | 'QUEUE_UNVERIFIED'

/** A {@link RunIncompleteError} of any code. */
export type AnyRunIncompleteError = { [Code in RunIncompleteCode]: RunIncompleteError<Code> }[RunIncompleteCode]

/** Thrown when the Job is complete, but the queue does not show that every item was done. `code` says why. */
export class RunIncompleteError<Code extends RunIncompleteCode = RunIncompleteCode> extends K8sError<Code> {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.RunIncompleteError')
  override name = 'RunIncompleteError'
  /** The result of the Job, with the last reading of the queue. */
  readonly result: JobResult

  static override [Symbol.hasInstance](value: unknown): value is AnyRunIncompleteError {
    return super[Symbol.hasInstance](value)
  }

  constructor(fields: {
    code: Code
    message: string
    hint?: string
    retryable?: boolean
    result: JobResult
    cause?: unknown
  }) {
    const { timeline, ...details } = fields.result
    super({ ...fields, details })
    const ended = timeline === undefined ? undefined : endedBy(timeline, fields)
    this.result = ended === undefined ? fields.result : { ...fields.result, timeline: ended }
    if (ended !== undefined) this.carrying(ended)
    // It is in `details` too: an error that is printed shows it once.
    Object.defineProperty(this, 'result', { enumerable: false })
  }
}
