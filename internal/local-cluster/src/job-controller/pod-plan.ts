import type { EventNote } from '../events/event-recorder.ts'
import type { Pod } from '../objects/objects.ts'
import { remainingBackoffMs } from './backoff.ts'
import { howManyPods } from './how-many-pods.ts'
import { completionIndex, isReady, isTerminating } from './pod-facts.ts'
import type { Tally } from './situation.ts'

/** Kubernetes' own delays between two tries to create a pod that was refused. */
const FIRST_REFUSAL_MS = 1000
const MAX_REFUSAL_MS = 60_000
/** Longest beginning of a generated name. */
const MAX_PREFIX = 58

export interface NewPod {
  /** Of an Indexed Job. */
  readonly index?: number
  /** With backoffLimitPerIndex: the failures of this index before. */
  readonly earlierFailures?: number
}

/** The pods to delete and to create. */
export interface Plan {
  readonly remove: readonly Pod[]
  readonly create: readonly NewPod[]
  readonly events: readonly EventNote[]
  readonly lookAgainMs?: number
  /** Whether the API refuses the pods that the Job needs. */
  readonly refused?: boolean
}

/** A suspended Job has no pods. */
export function suspend({ active }: Tally): Plan {
  return { remove: active, create: [], events: active.map(deletedPod) }
}

/** Brings the number of active pods to what the Job wants now. */
export function manage(tally: Tally): Plan {
  const { job, pods, active, memory, now, backoffScale } = tally
  const { spec } = job
  const { surplus, missing } = howManyPods(tally)
  const none: Plan = { remove: [], create: [], events: [] }
  if (surplus > 0) {
    const remove = [...active].sort(leastWorthFirst).slice(0, surplus)
    return { ...none, remove, events: remove.map(deletedPod) }
  }
  if (missing === 0) return none
  if (spec.backoffLimitPerIndex === undefined) {
    const wait = remainingBackoffMs(memory.row, now, backoffScale)
    if (wait > 0) return { ...none, lookAgainMs: wait }
  }
  if (spec.completionMode !== 'Indexed') return { ...none, create: Array.from({ length: missing }, () => ({})) }

  const terminating = spec.podReplacementPolicy === 'Failed' ? pods.filter(isTerminating) : []
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

/** The same plan while the API refuses pods: no pod is created, an event says why, and the next look is later each time. */
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

/** The beginning of the names of a Job's pods. */
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
