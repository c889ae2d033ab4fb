import type { TimelinePod } from '../job/timeline.ts'

/** The longest list of pods in a timeline. */
export const MOST_PODS = 2000

/**
 * At most `most` pods, by the time of their creation. When there are more: those that did not succeed, up to half of the places,
 * and a regular sample of the others, so that their distribution over time stays.
 */
export function sampled(pods: readonly TimelinePod[], most: number = MOST_PODS): TimelinePod[] {
  if (pods.length <= most) return byCreation(pods)
  const good = pods.filter(({ outcome }) => outcome === 'succeeded')
  const others = pods.filter(({ outcome }) => outcome !== 'succeeded')
  const roomForOthers = Math.max(Math.ceil(most / 2), most - good.length)
  const kept = regular(byCreation(others), roomForOthers)
  return byCreation([...kept, ...regular(byCreation(good), most - kept.length)])
}

/** `count` of the values at equal distances, in order. */
export function regular<Value>(values: readonly Value[], count: number): Value[] {
  if (values.length <= count) return [...values]
  return Array.from({ length: count }, (_, at) => values[Math.floor((at * values.length) / count)] as Value)
}

function byCreation(pods: readonly TimelinePod[]): TimelinePod[] {
  return pods.toSorted(
    (one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt) || (one.name < other.name ? -1 : 1),
  )
}
