import type { Job, Pod } from '../objects.ts'
import type { FailureRow } from './back-off.ts'

/** What the controller remembers of a Job between two decisions. */
export interface JobMemory {
  /** Failures of any pod since one succeeded. */
  readonly row: FailureRow
  /** With backoffLimitPerIndex: the failures of each index. */
  readonly rowsByIndex: ReadonlyMap<number, FailureRow>
}

export const NEW_MEMORY: JobMemory = { row: { failures: 0, lastAt: 0 }, rowsByIndex: new Map() }

export interface Situation {
  readonly job: Job
  /** Every pod that the Job owns. */
  readonly pods: readonly Pod[]
  readonly memory: JobMemory
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Factor on every back-off. */
  readonly backOffScale: number
}

/** A situation with everything counted that has ended. */
export interface Tally extends Situation {
  readonly active: readonly Pod[]
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes?: ReadonlySet<number>
  readonly failedIndexes?: ReadonlySet<number>
}
