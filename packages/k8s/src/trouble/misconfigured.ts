import { EXIT } from '@internal/contract'
import type { JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { FailedAttempt } from '../pods/failed-attempt.ts'
import type { PodFailure } from '../pods/pod-failure.ts'
import { describePods, refOf } from './describe-pods.ts'
import type { FailureTally } from './failure-tally.ts'

/** The exit codes by which podqueue's worker says that the next pod would end with them too. */
const LASTING: ReadonlyMap<number, string> = new Map([
  [EXIT.usage, 'the worker was called wrongly (exit 64)'],
  [EXIT.notPermitted, 'the worker has no permission (exit 77)'],
  [EXIT.misconfigured, 'the worker’s configuration is wrong (exit 78)'],
])

/** The attempts whose worker says that it is set up wrongly, whatever else failed before: the newest of one exit code. */
export function misconfiguredAttempts(tally: FailureTally): readonly FailedAttempt[] {
  return tally.kinds().find(({ newest: [first] }) => first !== undefined && saysWrong(first.failure))?.newest ?? []
}

/** Whether a worker, and not another container, ended with a lasting exit code. */
export function saysWrong({ container, exitCode }: PodFailure): boolean {
  return container === undefined && exitCode !== undefined && LASTING.has(exitCode)
}

/** The error for a worker that says that it is set up wrongly. `pods` are those that do, with the ends of their logs. */
export function misconfigured(job: JobObject, pods: readonly PodFailure[]): JobFailedError {
  const ref = refOf(job)
  const exitCode = pods[0]?.exitCode ?? EXIT.misconfigured
  return new JobFailedError({
    code: 'WORKER_MISCONFIGURED',
    message: `Job ${ref.namespace}/${ref.name}: ${LASTING.get(exitCode)}${describePods(pods)}`,
    hint: 'Every pod would end like this: correct what its message names. The queue keeps its items.',
    job: { ...ref, reason: `Exit${exitCode}`, pods },
  })
}
