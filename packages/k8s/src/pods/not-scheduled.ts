import { redact } from '@internal/errors'
import type { PodObject } from '../api/api-objects.ts'

/** The reason why a pod has no node. */
export interface NotScheduled {
  /**
   * `Unschedulable`: the scheduler finds no node. `SchedulingGated`: the pod has scheduling gates. `NotScheduled`: no
   * scheduler has said anything about it.
   */
  readonly reason: 'Unschedulable' | 'SchedulingGated' | 'NotScheduled'
  readonly message: string
  readonly pod: string
}

/** The reason why a pod has no node; undefined when it has one. */
export function notScheduled({ metadata, spec, status = {} }: PodObject): NotScheduled | undefined {
  if (spec?.nodeName !== undefined || (status.phase ?? 'Pending') !== 'Pending') return undefined
  const pod = metadata.name
  const gates = spec?.schedulingGates ?? []
  if (gates.length > 0) {
    const names = gates.map(({ name }) => name).join(', ')
    return { reason: 'SchedulingGated', message: `the scheduling gates ${names} have not been removed`, pod }
  }
  const condition = status.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
  if (condition?.reason === 'Unschedulable') {
    return { reason: 'Unschedulable', message: redact(condition.message ?? 'no node fits'), pod }
  }
  const scheduler = spec?.schedulerName ?? 'default-scheduler'
  const said = condition?.message === undefined ? '' : `: ${redact(condition.message)}`
  return { reason: 'NotScheduled', message: `the scheduler ${scheduler} has not placed it${said}`, pod }
}
