import type { PodOutcome, Timeline, TimelinePod } from '../job/timeline.ts'
import { lanesOf } from './lanes.ts'

/** A pod as a bar. Times are milliseconds since the beginning of the picture. */
export interface Bar {
  readonly pod: TimelinePod
  /** Its creation. */
  readonly from: number
  /** The start of its worker; its end when it never started. */
  readonly start: number
  readonly to: number
  /** The lane within its node. */
  readonly lane: number
}

/** The pods of one node. */
export interface NodeBars {
  /** Undefined for pods that had no node. */
  readonly node: string | undefined
  readonly lanes: number
  readonly bars: readonly Bar[]
}

/** A line across the picture at a time. */
export interface Mark {
  readonly at: number
  readonly label: string
}

/** A point of the line of items. */
export interface ItemsPoint {
  readonly at: number
  readonly done: number
  readonly dead: number
}

/** Everything that a picture shows, without its form. */
export interface Picture {
  /** The time of its left edge, milliseconds since 1970. */
  readonly origin: number
  readonly spanMs: number
  readonly nodes: readonly NodeBars[]
  readonly outcomes: ReadonlyMap<PodOutcome, number>
  readonly marks: readonly Mark[]
  readonly events: readonly { readonly at: number; readonly text: string }[]
  /** The line of work that is done: items by the queue's readings, or pods that succeeded. */
  readonly line: { readonly of: 'items' | 'pods'; readonly total: number; readonly points: readonly ItemsPoint[] }
}

/** With less, as of a program that reads its queue only at both ends, the pods say more. */
const FEWEST_READINGS = 3

/** Lays out a timeline. */
export function pictureOf(timeline: Timeline): Picture {
  const { jobs, pods, items, events, endedBy } = timeline
  const times = [
    ...jobs.flatMap(({ createdAt, startedAt, endedAt }) => [createdAt, startedAt, endedAt]),
    ...pods.flatMap(({ createdAt, startedAt, finishedAt, deletedAt }) => [createdAt, startedAt, finishedAt, deletedAt]),
    ...items.map(({ at }) => at),
    endedBy?.at,
  ]
    .map((text) => Date.parse(text ?? ''))
    .filter((ms) => !Number.isNaN(ms))
  const origin = times.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY)
  const end = times.reduce((most, ms) => Math.max(most, ms), Number.NEGATIVE_INFINITY)
  const known = times.length > 0
  const spanMs = known ? Math.max(1000, end - origin) : 1000
  const since = (text: string | undefined): number | undefined => {
    const ms = Date.parse(text ?? '') - origin
    return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), spanMs)
  }
  return {
    origin: known ? origin : 0,
    spanMs,
    nodes: nodesOf(timeline, since, spanMs),
    outcomes: outcomesOf(pods),
    marks: marksOf(timeline, since),
    events: events.map(({ at, reason, message }) => ({ at: since(at) ?? 0, text: `${reason}: ${message}` })),
    line: items.length >= FEWEST_READINGS ? itemsLine(timeline, since) : podsLine(timeline, since),
  }
}

type Since = (text: string | undefined) => number | undefined

function nodesOf({ jobs, pods }: Timeline, since: Since, spanMs: number): NodeBars[] {
  const byNode = new Map<string | undefined, TimelinePod[]>()
  for (const pod of pods) {
    const those = byNode.get(pod.node)
    if (those === undefined) byNode.set(pod.node, [pod])
    else those.push(pod)
  }
  const names = [...byNode.keys()].sort((one, other) => {
    if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? 1 : -1
    return one.localeCompare(other, 'en', { numeric: true })
  })
  return names.map((node) => {
    const spans = (byNode.get(node) ?? []).map((pod) => {
      const jobEnd = since(jobs.find(({ sweep }) => sweep === pod.sweep)?.endedAt)
      const from = since(pod.createdAt) ?? 0
      const to = Math.max(from, since(pod.finishedAt) ?? since(pod.deletedAt) ?? jobEnd ?? spanMs)
      return { pod, from, start: Math.min(to, Math.max(from, since(pod.startedAt) ?? to)), to }
    })
    const { lanes, count } = lanesOf(spans)
    return { node, lanes: count, bars: spans.map((span, at) => ({ ...span, lane: lanes[at] ?? 0 })) }
  })
}

const ORDER: readonly PodOutcome[] = ['succeeded', 'failed', 'evicted', 'lost', 'deleted', 'running', 'pending']

function outcomesOf(pods: readonly TimelinePod[]): Map<PodOutcome, number> {
  const counts = new Map<PodOutcome, number>()
  for (const outcome of ORDER) {
    const count = pods.filter((pod) => pod.outcome === outcome).length
    if (count > 0) counts.set(outcome, count)
  }
  return counts
}

function marksOf({ jobs, endedBy }: Timeline, since: Since): Mark[] {
  const error = endedBy === undefined ? [] : [{ at: since(endedBy.at) ?? 0, label: endedBy.code }]
  const ofJobs = jobs.flatMap(({ sweep, createdAt, startedAt, endedAt, outcome, reason }) => {
    const begin = sweep === 0 ? undefined : since(startedAt ?? createdAt)
    // The beginning of a sweep shows the end of the Job before it.
    const end = sweep === jobs.at(-1)?.sweep ? since(endedAt) : undefined
    return [
      ...(begin === undefined ? [] : [{ at: begin, label: `sweep ${sweep}` }]),
      ...(end === undefined ? [] : [{ at: end, label: outcome === 'failed' ? (reason ?? 'failed') : 'complete' }]),
    ]
  })
  return [...ofJobs, ...error]
}

function itemsLine({ items, itemsAtStart, itemsPerConsumer = 1, jobs }: Timeline, since: Since): Picture['line'] {
  const total = items.reduce((most, { ready }) => Math.max(most, ready), itemsAtStart ?? 0)
  const deadBefore = items[0]?.deadLetters ?? 0
  let before = 0
  let done = 0
  const points = items.map(({ at, ready, consumers, deadLetters = deadBefore }, index) => {
    const dead = Math.max(0, deadLetters - deadBefore)
    // An item counts when it is done, not when it is taken: each consumer is taken to hold as many as it may.
    const allowed = Math.max(0, total - ready - dead - consumers * itemsPerConsumer)
    // A reading between the end of one consumer and the begin of the next says too much: the one beside it says less.
    const last = index === items.length - 1
    done = Math.max(done, last ? allowed : Math.min(allowed, before))
    before = allowed
    return { at: since(at) ?? 0, done, dead }
  })
  const begin = since(jobs[0]?.createdAt)
  const first = points[0]
  const late = begin !== undefined && first !== undefined && begin < first.at && itemsAtStart !== undefined
  return { of: 'items', total, points: late ? [{ at: begin, done: 0, dead: 0 }, ...points] : points }
}

function podsLine({ pods, jobs }: Timeline, since: Since): Picture['line'] {
  const ends = pods
    .filter(({ outcome }) => outcome === 'succeeded')
    .map(({ finishedAt }) => since(finishedAt))
    .filter((at) => at !== undefined)
    .sort((one, other) => one - other)
  const succeeded = jobs.reduce((sum, job) => sum + job.succeeded, 0)
  // A sample stands for all pods.
  const weight = ends.length === 0 ? 1 : Math.max(1, succeeded / ends.length)
  const points = ends.map((at, before) => ({ at, done: Math.round((before + 1) * weight), dead: 0 }))
  const total = jobs.reduce((sum, { completions }) => sum + completions, 0)
  return { of: 'pods', total, points: [{ at: 0, done: 0, dead: 0 }, ...points] }
}
