import type { JobObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { ifReadable } from '../api/resources.ts'
import { readTail } from '../logs/pod-logs.ts'
import type { FailedAttempt } from '../pods/failed-attempt.ts'
import type { PodFailure } from '../pods/pod-failure.ts'
import { refOf } from './describe-pods.ts'

const LOG_TAILS = 5

/** The failures of these attempts, the first five with the end of the failed container's log. */
export async function withLogTails(
  api: KubeApi,
  job: JobObject,
  attempts: readonly FailedAttempt[],
  signal: AbortSignal,
): Promise<PodFailure[]> {
  const { namespace } = refOf(job)
  return Promise.all(
    attempts.map(async ({ failure, container }, position) => {
      if (position >= LOG_TAILS || container === undefined) return failure
      const tail = readTail(api, { namespace, pod: failure.name, container, signal })
      const logTail = await ifReadable(tail, signal)
      return logTail === undefined || logTail.length === 0 ? failure : { ...failure, logTail }
    }),
  )
}
