import type { Problems } from '@internal/options'
import type { Timeline } from '../job/timeline.ts'
import { OUTCOME_COLOURS } from './colours.ts'

/** The timeline of a run, which may come from a file: adds what is wrong with it. */
export function checkTimeline(problems: Problems, run: unknown): Timeline | undefined {
  // A copy, as plain data: what is checked is what is drawn.
  const timeline = problems.guard('run', () => {
    const given = (run as { readonly timeline?: unknown } | null | undefined)?.timeline
    return given === undefined ? undefined : (JSON.parse(JSON.stringify(given)) as unknown)
  })
  if (timeline === undefined || timeline === null) {
    problems.add(
      'run',
      'has no timeline: give runJob or waitForJob the option `timeline: true`, and here its result, or its error',
    )
    return undefined
  }
  const right = problems.guard('run.timeline', () => isTimeline(timeline)) ?? false
  if (!right) problems.add('run.timeline', 'must be the timeline of a result or an error, unchanged')
  return right ? (timeline as Timeline) : undefined
}

function isTimeline(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { jobs, pods, items, events, sampledFrom, itemsAtStart, itemsPerConsumer, endedBy, unreadable } = value
  return (
    isListOf(jobs, isJob) &&
    isListOf(pods, isPod) &&
    isListOf(
      items,
      (one) => isText(one.at) && isNumber(one.ready) && isNumber(one.consumers) && isNumber(one.deadLetters, true),
    ) &&
    isListOf(events, ({ at, reason, message }) => isText(at) && isText(reason) && isText(message)) &&
    (endedBy === undefined ||
      isListOf([endedBy], ({ at, code, message }) => isText(at) && isText(code) && isText(message))) &&
    isNumber(sampledFrom, true) &&
    isNumber(itemsAtStart, true) &&
    isNumber(itemsPerConsumer, true) &&
    isText(unreadable, true)
  )
}

function isJob(job: Record<string, unknown>): boolean {
  const { name, namespace, outcome, createdAt, startedAt, endedAt, reason } = job
  const counts = [job.sweep, job.completions, job.parallelism, job.succeeded, job.failed, job.podsMissing]
  return (
    [name, namespace, outcome].every((text) => isText(text)) &&
    [createdAt, startedAt, endedAt, reason].every((text) => isText(text, true)) &&
    counts.every((count) => isNumber(count))
  )
}

function isPod(pod: Record<string, unknown>): boolean {
  const { name, createdAt, outcome, sweep, index, attempt, restarts, exitCode } = pod
  const { node, scheduledAt, startedAt, finishedAt, deletedAt, reason, container, message } = pod
  return (
    isText(name) &&
    isText(createdAt) &&
    isText(outcome) &&
    Object.hasOwn(OUTCOME_COLOURS, outcome as string) &&
    isNumber(sweep) &&
    [index, attempt, restarts, exitCode].every((number) => isNumber(number, true)) &&
    [node, scheduledAt, startedAt, finishedAt, deletedAt, reason, container, message].every((text) =>
      isText(text, true),
    )
  )
}

function isListOf(value: unknown, isRight: (one: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => isRecord(one) && isRight(one))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown, optional = false): boolean {
  return typeof value === 'string' || (optional && value === undefined)
}

function isNumber(value: unknown, optional = false): boolean {
  return (typeof value === 'number' && Number.isFinite(value)) || (optional && value === undefined)
}
