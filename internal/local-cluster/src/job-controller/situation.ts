import type { Job, Pod } from '../objects/objects.ts'
import type { FailureRow } from './backoff.ts'

/** The controller's memory of a Job between two decisions. */
export interface JobMemory {
  /** Failures of any pod since one succeeded. */
  readonly row: FailureRow
  /** With backoffLimitPerIndex: the failures of each index. */
  readonly rowsByIndex: ReadonlyMap<number, FailureRow>
  /** Refusals of the API to create a pod, in a row. */
  readonly refusals: number
}

export const NEW_MEMORY: JobMemory = { row: { failures: 0, lastAt: 0 }, rowsByIndex: new Map(), refusals: 0 }

export interface Situation {
  readonly job: Job
  /** Every pod that the Job owns. */
  readonly pods: readonly Pod[]
  readonly memory: JobMemory
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Factor on every back-off. */
  readonly backoffScale: number
  /** Why the API refuses the Job's pods now; undefined when it takes them. */
  readonly refusal?: string
}

/** A situation with everything counted that has ended. */
export interface Tally extends Situation {
  readonly active: readonly Pod[]
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes?: ReadonlySet<number>
  readonly failedIndexes?: ReadonlySet<number>
}
