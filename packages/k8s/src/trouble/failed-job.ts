import { LASTING_EXIT_CODES } from '@internal/contract'
import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable } from '../api/resources.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { JobEnd } from '../job/job-state.ts'
import { describePods, hintFor, refOf } from './describe-pods.ts'
import { FailedPods } from './failed-pods.ts'
import { withLogTails } from './log-tails.ts'
import { misconfiguredAttempts } from './misconfigured.ts'

/** The error for a Job that has the condition Failed. */
export async function failedJob(
  api: KubeApi,
  job: JobObject,
  end: JobEnd,
  signal: AbortSignal,
): Promise<JobFailedError> {
  const tally = await ifReadable(new FailedPods(api).look(job, signal), signal)
  // The policy of `failFast` may be quicker than the look that finds the same exit code.
  const byPolicy = end.reason === 'PodFailurePolicy'
  const wrong = byPolicy && tally !== undefined ? misconfiguredAttempts(tally) : []
  const attempts = wrong.length > 0 ? wrong : (tally?.newest() ?? [])
  const pods = await withLogTails(api, job, attempts, signal)
  const ref = refOf(job)
  return new JobFailedError({
    code: wrong.length > 0 || (byPolicy && namesLastingExit(end)) ? 'WORKER_MISCONFIGURED' : 'JOB_FAILED',
    message: `Job ${ref.namespace}/${ref.name} failed: ${[end.reason, end.message].filter(Boolean).join(': ')}${describePods(pods)}`,
    hint:
      END_HINTS[end.reason] ??
      hintFor(pods) ??
      `See \`kubectl describe job ${ref.name} --namespace ${ref.namespace}\`.`,
    job: { ...ref, reason: end.reason, pods },
  })
}

/** Kubernetes' own words: `Container worker for pod default/work-0-x failed with exit code 78 matching FailJob rule at index 0`. */
function namesLastingExit({ message }: JobEnd): boolean {
  const code = /^Container worker .* exit code (\d+)/.exec(message)?.[1]
  return code !== undefined && LASTING_EXIT_CODES.includes(Number(code))
}

const END_HINTS: Readonly<Record<string, string>> = {
  DeadlineExceeded:
    'It was not done after `deadlineMs`: allow more, or run again for what is left. The queue keeps its items.',
}
