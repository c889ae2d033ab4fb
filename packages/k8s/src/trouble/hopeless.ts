import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import type { JobFailedError } from '../job/job-failed-error.ts'
import { countsOf } from '../job/job-state.ts'
import { crashLoop, crashLooping } from './crash-loop.ts'
import type { FailureTally } from './failure-tally.ts'
import { withLogTails } from './log-tails.ts'
import { misconfigured, misconfiguredAttempts } from './misconfigured.ts'

/** The error for failures that say, or show, that no further attempt will fare better; undefined when they do not. */
export async function hopeless(
  api: KubeApi,
  job: JobObject,
  { tally, ignoreCrashes, signal }: { tally: FailureTally; ignoreCrashes: boolean; signal: AbortSignal },
): Promise<JobFailedError | undefined> {
  const wrong = misconfiguredAttempts(tally)
  if (wrong.length > 0) return misconfigured(job, await withLogTails(api, job, wrong, signal))
  if (ignoreCrashes) return undefined
  const loop = crashLoop(tally, { ...countsOf(job), parallelism: job.spec.parallelism ?? 1 })
  return loop && crashLooping(job, loop, await withLogTails(api, job, loop.attempts, signal))
}
