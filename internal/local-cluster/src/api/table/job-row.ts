import type { Job } from '../../objects/objects.ts'
import { durationText } from './duration.ts'

/** The conditions that the column STATUS shows, before and after the deletion of the Job. */
const ENDS = ['Complete', 'Failed']
const STEPS = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']

export function jobStatus({ metadata, status }: Job): string {
  const holds = (type: string) => status.conditions?.some((each) => each.type === type && each.status === 'True')
  const end = ENDS.find(holds)
  if (end !== undefined) return end
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return STEPS.find(holds) ?? 'Running'
}

export function jobCompletions({ spec, status }: Job): string {
  const done = status.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  return spec.parallelism > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

export function jobDuration({ status }: Job): string {
  if (status.startTime === undefined) return ''
  const end = status.completionTime === undefined ? Date.now() : Date.parse(status.completionTime)
  return durationText(end - Date.parse(status.startTime))
}
