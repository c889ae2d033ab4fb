import type { EventNote } from '../events/event-recorder.ts'
import { type Condition, type Job, type JobStatus, kubeTime, type Pod } from '../objects/objects.ts'
import { addCondition, type Ending, isFinished, withSuspended } from './conditions.ts'
import { countEnded, indexesAfter } from './ended-pods.ts'
import { failureOf, successOf } from './endings.ts'
import { formatIndexes } from './index-set.ts'
import { isActive, isReady, isTerminating, isTracked } from './pod-facts.ts'
import { deletedPod, lookAgain, manage, type NewPod, orRefused, type Plan, suspend } from './pod-plan.ts'
import type { JobMemory, Situation, Tally } from './situation.ts'

/** Everything to do about a Job now. */
export interface Decision {
  readonly status: JobStatus
  /** Pods that have been counted, or that do not count: their finalizer goes. */
  readonly release: readonly Pod[]
  readonly remove: readonly Pod[]
  readonly create: readonly NewPod[]
  readonly events: readonly EventNote[]
  readonly memory: JobMemory
  /** When to look again although nothing happened. */
  readonly lookAgainMs?: number
}

/**
 * The Job controller of Kubernetes 1.34 as one pure step: from a Job and its pods to what is to be done now.
 * The order of the questions is that of `syncJob`:
 * https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/controller/job/job_controller.go
 */
export function decide(situation: Situation): Decision {
  const { job, pods, memory, now } = situation
  const { spec, status } = job
  if (isFinished(job)) {
    return { status, release: pods.filter(isTracked), remove: [], create: [], events: [], memory }
  }

  const ended = countEnded(situation)
  const active = pods.filter(isActive)
  const succeeded = (status.succeeded ?? 0) + ended.succeeded.length
  const failed = (status.failed ?? 0) + ended.counted.length
  const tally: Tally = {
    ...situation,
    active,
    succeeded,
    failed,
    ...indexesAfter(situation, ended),
    memory: ended.memory,
  }

  const decided = status.conditions?.find(({ type }) => type === 'FailureTarget' || type === 'SuccessCriteriaMet')
  const ending: Ending | undefined = decided
    ? { type: decided.type as Ending['type'], reason: decided.reason ?? '', message: decided.message ?? '' }
    : (ended.failJob ?? failureOf(tally) ?? successOf(tally))
  const release = ended.released
  if (ending) return finish(tally, ending, decided !== undefined, release)

  const plan = planOf(tally)
  const left = active.filter((pod) => !plan.remove.includes(pod))
  const suspension = withSuspended(status.conditions, spec.suspend, now)
  const resumed = suspension.changed && !spec.suspend
  const startTime = spec.suspend ? status.startTime : resumed ? kubeTime(now) : (status.startTime ?? kubeTime(now))
  return {
    memory: { ...ended.memory, refusals: plan.refused ? memory.refusals + 1 : 0 },
    remove: plan.remove,
    create: plan.create,
    // A pod that a Job deletes of its own accord has not failed.
    release: [...release, ...plan.remove],
    events: [...plan.events, ...suspension.events],
    ...lookAgain(plan.lookAgainMs, deadlineMs(job, startTime, now)),
    status: {
      ...counted(tally, left.length + plan.create.length, left.filter(isReady).length, plan.remove.length),
      ...(suspension.conditions && { conditions: suspension.conditions }),
      ...(startTime !== undefined && { startTime }),
    },
  }
}

/** The pods to delete and to create for a Job that goes on. */
function planOf(tally: Tally): Plan {
  const { spec, metadata } = tally.job
  // A finalizer holds the Job. Its pods may end, but nothing starts any more.
  if (metadata.deletionTimestamp !== undefined) return { remove: [], create: [], events: [] }
  return spec.suspend ? suspend(tally) : orRefused(manage(tally), tally)
}

/** The interim condition at once, the final one when no pod runs any more. */
function finish(tally: Tally, ending: Ending, known: boolean, release: readonly Pod[]): Decision {
  const { job, active, now } = tally
  const failing = ending.type === 'FailureTarget'
  const over = known && active.length === 0 && !tally.pods.some(isTerminating)
  let conditions: readonly Condition[] = job.status.conditions ?? []
  if (!known) conditions = addCondition(conditions, ending.type, ending, now)
  // A Job of no completions ends before anything started.
  const startTime = job.status.startTime ?? (job.spec.suspend ? undefined : kubeTime(now))
  const events: EventNote[] = active.map(deletedPod)
  if (over) {
    conditions = addCondition(conditions, failing ? 'Failed' : 'Complete', ending, now)
    events.push(
      failing
        ? { type: 'Warning', reason: ending.reason, message: ending.message }
        : { type: 'Normal', reason: 'Completed', message: 'Job completed' },
    )
  }
  // The pods that a failed Job deletes count as failed. The surplus pods of a successful one do not.
  const status = counted({ ...tally, failed: tally.failed + (failing ? active.length : 0) }, 0, 0, active.length)
  return {
    memory: tally.memory,
    remove: active,
    create: [],
    release: [...release, ...active],
    events,
    status: {
      ...status,
      conditions,
      ...(startTime !== undefined && { startTime }),
      ...(over && !failing && { completionTime: kubeTime(now) }),
    },
  }
}

/** The counters of a status. Kubernetes leaves those out that are zero, except for the two that it always writes. */
function counted(tally: Tally, active: number, ready: number, removed: number): JobStatus {
  const { pods, succeeded, failed, completedIndexes, failedIndexes } = tally
  return {
    ...(active > 0 && { active }),
    ...(succeeded > 0 && { succeeded }),
    ...(failed > 0 && { failed }),
    terminating: pods.filter(isTerminating).length + removed,
    ...(completedIndexes && completedIndexes.size > 0 && { completedIndexes: formatIndexes(completedIndexes) }),
    ...(failedIndexes && { failedIndexes: formatIndexes(failedIndexes) }),
    uncountedTerminatedPods: {},
    ready,
  }
}

function deadlineMs({ spec }: Job, startTime: string | undefined, now: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || startTime === undefined || spec.suspend) return undefined
  return Math.max(1, Date.parse(startTime) + spec.activeDeadlineSeconds * 1000 - now)
}
