import type { Timeline, TimelinePod } from '../job/timeline.ts'
import { plain } from './markup.ts'
import { durationText } from './time-axis.ts'

/** A pod in a few lines: the tooltip of its bar. */
export function podLines(pod: TimelinePod): string {
  const { createdAt, startedAt, finishedAt, deletedAt } = pod
  const lines = [
    `${plain(pod.name)}: ${outcomeText(pod)}`,
    [`${pod.sweep === 0 ? '' : `sweep ${pod.sweep}, `}${placeText(pod)}`, `node ${plain(pod.node ?? 'none')}`]
      .filter(Boolean)
      .join(', '),
    startedAt === undefined
      ? 'its worker did not start'
      : `waited ${between(createdAt, startedAt)}${finishedAt === undefined ? '' : `, ran ${between(startedAt, finishedAt)}`}`,
    `created ${createdAt}${finishedAt === undefined ? '' : `, ended ${finishedAt}`}`,
    ...(deletedAt === undefined ? [] : [`told to end ${deletedAt}`]),
    ...(pod.message === undefined ? [] : [plain(pod.message)]),
  ]
  return lines.join('\n')
}

/** The end of a pod: `succeeded`, `failed, exit 1 (Error)`. */
export function outcomeText({ outcome, exitCode, reason, container }: TimelinePod): string {
  const exit = exitCode === undefined ? undefined : `exit ${exitCode}`
  const why = reason === undefined ? exit : exit === undefined ? plain(reason) : `${exit} (${plain(reason)})`
  const where = container === undefined ? '' : ` in container ${plain(container)}`
  return why === undefined ? outcome : `${outcome}, ${why}${where}`
}

function placeText({ index, attempt, restarts }: TimelinePod): string {
  return [
    ...(index === undefined ? [] : [`index ${index}`]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(restarts === undefined ? [] : [`restarted ${restarts === 1 ? 'once' : `${restarts} times`}`]),
  ].join(', ')
}

/** The verdict of a run in a line. */
export function verdictText(timeline: Timeline): string {
  const { jobs, endedBy } = timeline
  const last = jobs.at(-1)
  const took = durationOf(timeline)
  const long = took === undefined ? '' : ` after ${durationText(took)}`
  if (endedBy !== undefined) return `ended with ${plain(endedBy.code)}${long}`
  if (last === undefined) return 'no Job was made'
  if (last.outcome === 'failed') return `failed${long}${last.reason === undefined ? '' : `: ${plain(last.reason)}`}`
  return last.outcome === 'complete' ? `complete${long}` : 'unfinished'
}

/** From the first start to the last end, or to the error that ended the run before; undefined when there is none. */
export function durationOf({ jobs, endedBy }: Timeline): number | undefined {
  const from = Date.parse(jobs[0]?.startedAt ?? '')
  const to = Date.parse(jobs.at(-1)?.endedAt ?? endedBy?.at ?? '')
  return Number.isNaN(to - from) ? undefined : Math.max(0, to - from)
}

/** The gaps of the picture, in sentences. */
export function gapsText({ jobs, pods, sampledFrom, unreadable }: Timeline): readonly string[] {
  const missing = jobs.reduce((sum, { podsMissing }) => sum + podsMissing, 0)
  return [
    ...(sampledFrom === undefined
      ? []
      : [
          `The run had ${sampledFrom} pods. ${pods.length} of them are shown: the failures first, and a sample of the others.`,
        ]),
    ...(missing === 0
      ? []
      : [
          `At least ${missing === 1 ? '1 pod is' : `${missing} pods are`} not shown, since Kubernetes had deleted ${missing === 1 ? 'it' : 'them'} before the end.`,
        ]),
    ...(unreadable === undefined ? [] : [`Pods could not be read: ${plain(unreadable)}`]),
  ]
}

function between(from: string, to: string): string {
  return durationText(Math.max(0, Date.parse(to) - Date.parse(from)))
}

/** The run in numbers, in a line. */
export function belowTitle({ jobs, pods, sampledFrom, itemsAtStart }: Timeline): string {
  const [first] = jobs
  if (first === undefined) return ''
  const sweeps = jobs.length - 1
  return [
    ...(itemsAtStart === undefined ? [] : [counted(itemsAtStart, 'item')]),
    `${counted(sampledFrom ?? pods.length, 'pod')}, ${first.parallelism} at a time`,
    ...(sweeps === 0 ? [] : [counted(sweeps, 'sweep')]),
    ...(first.startedAt === undefined ? [] : [`started ${clockText(first.startedAt)}`]),
  ].join(' · ')
}

/** A time for people. */
export function clockText(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')
}

/** A number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
