import type { EventNote } from '../events/event-recorder.ts'
import { type Condition, type Job, kubeTime } from '../objects/objects.ts'

/** The decided end of a Job. */
export interface Ending {
  readonly type: 'FailureTarget' | 'SuccessCriteriaMet'
  readonly reason: string
  readonly message: string
}

export function hasCondition(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
}

export function isFinished({ status }: Job): boolean {
  return hasCondition(status.conditions, 'Complete') || hasCondition(status.conditions, 'Failed')
}

/** When the Job got its final condition, in milliseconds since the epoch; undefined before. */
export function finishedAt({ status }: Job): number | undefined {
  const final = status.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return final?.lastTransitionTime === undefined ? undefined : Date.parse(final.lastTransitionTime)
}

export function addCondition(
  conditions: readonly Condition[],
  type: string,
  { reason, message }: Pick<Ending, 'reason' | 'message'>,
  now: number,
  status: Condition['status'] = 'True',
): Condition[] {
  const time = kubeTime(now)
  const condition: Condition = { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message }
  return [...conditions.filter((other) => other.type !== type), condition]
}

/** The conditions with Suspended as the spec has it. A Job that never was suspended has no such condition. */
export function withSuspended(
  conditions: readonly Condition[] | undefined,
  suspend: boolean,
  now: number,
): { conditions: readonly Condition[] | undefined; changed: boolean; events: readonly EventNote[] } {
  if (hasCondition(conditions, 'Suspended') === suspend) return { conditions, changed: false, events: [] }
  const note = suspend
    ? { reason: 'JobSuspended', message: 'Job suspended' }
    : { reason: 'JobResumed', message: 'Job resumed' }
  return {
    conditions: addCondition(conditions ?? [], 'Suspended', note, now, suspend ? 'True' : 'False'),
    changed: true,
    events: [{ type: 'Normal', reason: suspend ? 'Suspended' : 'Resumed', message: note.message }],
  }
}
