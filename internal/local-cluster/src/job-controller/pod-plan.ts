import type { EventNote } from '../event-recorder.ts'
import type { Pod } from '../objects.ts'
import { remainingBackoffMs } from './backoff.ts'
import { completionIndex, isReady, isTerminating } from './pod-facts.ts'
import type { Tally } from './situation.ts'

/** Kubernetes' own delays between two tries to create what was refused. */
const FIRST_REFUSAL_MS = 1000
const MAX_REFUSAL_MS = 60_000
/** Longest beginning of a generated name. */
const MAX_PREFIX = 58

export interface NewPod {
  /** Of an Indexed Job. */
  readonly index?: number
  /** With backoffLimitPerIndex: how often this index failed before. */
  readonly earlierFailures?: number
}

/** Which pods are to go and to come. */
export interface Plan {
  readonly remove: readonly Pod[]
  readonly create: readonly NewPod[]
  readonly events: readonly EventNote[]
  readonly lookAgainMs?: number
  /** Whether pods were wanted that the API does not take. */
  readonly refused?: boolean
}

/** A suspended Job has no pods. */
export function suspend({ active }: Tally): Plan {
  return { remove: active, create: [], events: active.map(deletedPod) }
}

/** Brings the number of active pods to what the Job wants now. */
export function manage(tally: Tally): Plan {
  const { job, pods, active, succeeded, memory, now, backoffScale } = tally
  const { spec } = job
  const wanted =
    spec.completions === undefined
      ? succeeded > 0
        ? active.length
        : spec.parallelism
      : Math.min(spec.parallelism, Math.max(0, spec.completions - succeeded))
  const surplus = [...active].sort(leastWorthFirst).slice(0, Math.max(0, active.length - wanted))
  if (surplus.length > 0) return { remove: surplus, create: [], events: surplus.map(deletedPod) }

  const terminating = spec.podReplacementPolicy === 'Failed' ? pods.filter(isTerminating) : []
  const missing = wanted - active.length - terminating.length
  const none: Plan = { remove: [], create: [], events: [] }
  if (missing <= 0) return none
  if (spec.backoffLimitPerIndex === undefined) {
    const wait = remainingBackoffMs(memory.row, now, backoffScale)
    if (wait > 0) return { ...none, lookAgainMs: wait }
  }
  if (spec.completionMode !== 'Indexed') return { ...none, create: Array.from({ length: missing }, () => ({})) }

  const taken = new Set([...active, ...terminating].map(completionIndex))
  const create: NewPod[] = []
  let wait = Number.POSITIVE_INFINITY
  let found = 0
  for (let index = 0; index < (spec.completions ?? 0) && found < missing; index++) {
    if (taken.has(index) || tally.completedIndexes?.has(index) || tally.failedIndexes?.has(index)) continue
    // An index that waits for its back-off keeps its place: another does not start instead.
    found++
    if (spec.backoffLimitPerIndex === undefined) {
      create.push({ index })
      continue
    }
    const row = memory.rowsByIndex.get(index)
    const remaining = remainingBackoffMs(row, now, backoffScale)
    if (remaining > 0) wait = Math.min(wait, remaining)
    else create.push({ index, earlierFailures: row?.failures ?? 0 })
  }
  return { ...none, create, ...lookAgain(wait) }
}

/** The same plan while the API takes no pod: none comes, an event says why, and the next look is later each time. */
export function orRefused(plan: Plan, { job, memory, refusal, backoffScale }: Tally): Plan {
  const [first] = plan.create
  if (refusal === undefined || first === undefined) return plan
  const name = namePrefix(job.metadata.name, first.index)
  const message = `Error creating: pods "${name}" is forbidden: ${refusal}`
  return {
    ...plan,
    create: [],
    refused: true,
    events: [...plan.events, { type: 'Warning', reason: 'FailedCreate', message }],
    lookAgainMs: Math.min(FIRST_REFUSAL_MS * 2 ** memory.refusals, MAX_REFUSAL_MS) * backoffScale,
  }
}

/** What the names of a Job's pods begin with. */
export function namePrefix(job: string, index: number | undefined): string {
  return `${(index === undefined ? job : `${job}-${index}`).slice(0, MAX_PREFIX - 1)}-`
}

/** Pending before running, not ready before ready, young before old. */
function leastWorthFirst(a: Pod, b: Pod): number {
  const rank = (pod: Pod) => (pod.status.phase === 'Pending' ? 0 : isReady(pod) ? 2 : 1)
  return rank(a) - rank(b) || Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp)
}

export function deletedPod(pod: Pod): EventNote {
  return { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` }
}

/** The soonest of some times, if there is one. */
export function lookAgain(...times: (number | undefined)[]): { lookAgainMs?: number } {
  const soonest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
  return Number.isFinite(soonest) ? { lookAgainMs: soonest } : {}
}
