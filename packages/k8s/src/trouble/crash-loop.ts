import { OUTSIDE_EXIT_CODES } from '@internal/contract'
import type { JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { FailedAttempt } from '../pods/failed-attempt.ts'
import type { PodFailure } from '../pods/pod-failure.ts'
import { describePods, hintFor, howItFailed, refOf } from './describe-pods.ts'
import type { FailureTally } from './failure-tally.ts'

/** The container's command does not exist or cannot be executed: it never will. */
const NEVER_STARTS = new Set(['StartError', 'ContainerCannotRun'])

/** Failures that are alike: the newest of them, and how many there were. */
export interface CrashLoop {
  readonly attempts: readonly FailedAttempt[]
  readonly count: number
}

/**
 * Whether the pods of a Job that has never succeeded fail alike every time. One failure more than pods run at once, and at least
 * three: a fault that strikes all running pods together, such as a restart of the broker, is no crash loop.
 *
 * @param tally The failures that were read.
 * @param failed How many attempts failed in all, by the Job's count.
 */
export function crashLoop(
  tally: FailureTally,
  { parallelism, failed, succeeded }: { parallelism: number; failed: number; succeeded: number },
): CrashLoop | undefined {
  if (succeeded > 0) return undefined
  for (const { count, newest } of tally.kinds()) {
    const [first] = newest
    if (first === undefined || !countsAsCrash(first)) continue
    // Of a Job with more failed pods than are read, the share of the kind among those read tells how many there are in all.
    const all = Math.round((count / tally.total) * Math.max(failed, tally.total))
    const neverStarts = NEVER_STARTS.has(first.failure.reason ?? '')
    if (all >= (neverStarts ? 2 : Math.max(3, parallelism + 1))) return { attempts: newest, count: all }
  }
  return undefined
}

/** Whether an attempt counts toward a crash loop. One that something outside ended, or that runs again, does not. */
function countsAsCrash({ disrupted, runsAgain, failure }: FailedAttempt): boolean {
  return !disrupted && !runsAgain && !(failure.container === undefined && isOutsideExit(failure.exitCode))
}

/** The lease on the item was lost (75), or the worker was asked to end (143). */
function isOutsideExit(exitCode: number | undefined): boolean {
  return exitCode !== undefined && OUTSIDE_EXIT_CODES.includes(exitCode)
}

/** The error for a program that crashes every time. `pods` are the failures with the ends of their logs. */
export function crashLooping(job: JobObject, { count }: CrashLoop, pods: readonly PodFailure[]): JobFailedError {
  const ref = refOf(job)
  const [first] = pods
  const how = first === undefined ? 'failed' : howItFailed(first)
  const where = first?.container === undefined ? '' : ` in container ${first.container}`
  return new JobFailedError({
    code: 'CRASH_LOOP',
    message: `Job ${ref.namespace}/${ref.name}: no pod has succeeded, and ${count} failed alike${where} (${how})${describePods(pods)}`,
    hint:
      hintFor(pods) ??
      "Every attempt would end like this; the queue keeps its items. crashLoop: 'ignore' goes on as long as the Job does.",
    job: { ...ref, reason: 'CrashLoop', pods },
  })
}
