import type { Timeline, TimelinePod } from '../job/timeline.ts'
import { durationText } from './time-axis.ts'
import { clockText, durationOf, outcomeText } from './words.ts'

/** The run in numbers: a name and a value each. */
export function numbersOf(timeline: Timeline): readonly (readonly [string, string])[] {
  const { jobs, pods, itemsAtStart, items } = timeline
  const [first] = jobs
  const took = durationOf(timeline)
  const succeeded = jobs.reduce((sum, job) => sum + job.succeeded, 0)
  const failed = jobs.reduce((sum, job) => sum + job.failed, 0)
  const ran = pods
    .filter(({ outcome }) => outcome === 'succeeded')
    .flatMap(({ startedAt, finishedAt }) => between(startedAt, finishedAt))
  const waited = pods.flatMap(({ createdAt, startedAt }) => between(createdAt, startedAt))
  const left = items.at(-1)?.ready
  return [
    ...(itemsAtStart === undefined ? [] : [['items at the start', String(itemsAtStart)] as const]),
    ...(left === undefined ? [] : [['items left in the queue', String(left)] as const]),
    ...rateOf(timeline, took),
    ['pods that succeeded', String(succeeded)],
    ['attempts that failed', String(failed)],
    ...(jobs.length > 1 ? [['sweeps', String(jobs.length - 1)] as const] : []),
    ...(first === undefined ? [] : [['pods at a time', String(first.parallelism)] as const]),
    ...(took === undefined ? [] : [['duration', durationText(took)] as const]),
    ...(ran.length === 0
      ? []
      : [
          ['a pod ran', `${durationText(share(ran, 0.5))} (median), ${durationText(share(ran, 1))} (longest)`] as const,
        ]),
    ...(waited.length === 0
      ? []
      : [
          [
            'a pod waited for its start',
            `${durationText(share(waited, 0.5))} (median), ${durationText(share(waited, 1))} (longest)`,
          ] as const,
        ]),
    ...(first?.startedAt === undefined ? [] : [['started', clockText(first.startedAt)] as const]),
  ]
}

/** The items that were done in a minute on average. */
function rateOf({ itemsAtStart, items }: Timeline, took: number | undefined): (readonly [string, string])[] {
  const last = items.at(-1)
  if (itemsAtStart === undefined || last === undefined || took === undefined || took < 1000) return []
  const dead = Math.max(0, (last.deadLetters ?? 0) - (items[0]?.deadLetters ?? 0))
  const done = Math.max(0, itemsAtStart - last.ready - dead)
  const rate = (done * 60_000) / took
  return [['items a minute', rate < 10 ? rate.toFixed(1) : String(Math.round(rate))]]
}

/** Failures that are alike, the most frequent first. */
export function failureKinds(
  pods: readonly TimelinePod[],
): readonly { readonly how: string; readonly pods: readonly TimelinePod[] }[] {
  const kinds = new Map<string, TimelinePod[]>()
  for (const pod of pods) {
    if (['succeeded', 'running', 'pending'].includes(pod.outcome)) continue
    const how = outcomeText(pod)
    const those = kinds.get(how)
    if (those === undefined) kinds.set(how, [pod])
    else those.push(pod)
  }
  return [...kinds]
    .map(([how, those]) => ({ how, pods: those }))
    .sort((one, other) => other.pods.length - one.pods.length)
}

function between(from: string | undefined, to: string | undefined): number[] {
  const ms = Date.parse(to ?? '') - Date.parse(from ?? '')
  return Number.isNaN(ms) ? [] : [Math.max(0, ms)]
}

/** The value that this share of the values is not above. */
function share(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0
}
