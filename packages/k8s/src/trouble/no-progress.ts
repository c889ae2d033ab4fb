import type { JobObject, PodObject } from '../api/api-objects.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { podFailure } from '../pods/pod-failure.ts'
import type { CrashLoop } from './crash-loop.ts'
import { describePods, hintFor, refOf, withLogTails } from './diagnose.ts'
import type { StuckEvent } from './stuck-event.ts'

/** The error for a program that crashes every time. */
export async function crashLooping(
  api: KubeApi,
  job: JobObject,
  { failures, count }: CrashLoop,
  { signal }: { readonly signal: AbortSignal },
): Promise<JobFailedError> {
  const ref = refOf(job)
  const pods = await withLogTails(api, job, failures, { signal })
  const { exitCode, reason = 'Error' } = failures[0] ?? {}
  return new JobFailedError({
    code: 'CRASH_LOOP',
    message: `Job ${ref.namespace}/${ref.name}: no pod has succeeded, and ${count} failed alike (exit ${exitCode}, ${reason})${describePods(pods)}`,
    hint:
      hintFor(pods) ??
      "Every attempt would end like this; the queue keeps its items. crashLoop: 'ignore' goes on as long as the Job does.",
    job: { ...ref, reason: 'CrashLoop', pods },
  })
}

/** The error for a Job of which not a single pod finds room. */
export function noRoom(job: JobObject, { reason, message }: StuckEvent, graceMs: number): JobFailedError {
  const ref = refOf(job)
  const quota = reason === 'QuotaExceeded'
  const seconds = Math.round(graceMs / 1000)
  return new JobFailedError({
    code: quota ? 'QUOTA_EXCEEDED' : 'UNSCHEDULABLE',
    message: `No pod of Job ${ref.namespace}/${ref.name} found room for ${seconds} s: ${message}`,
    hint: quota
      ? 'Ask for less by `resources`, let other work end, or have the quota raised (`kubectl describe quota`).'
      : 'Ask for less by `resources`, correct `nodeSelector` and `tolerations`, or add nodes (`kubectl describe nodes`).',
    job: { ...ref, reason, pods: [] },
  })
}

/** The error for pods that were told to end and do not, since their node is gone. */
export function nodeLost(job: JobObject, pods: readonly PodObject[]): JobFailedError {
  const ref = refOf(job)
  const names = pods.map(({ metadata, spec }) => `${metadata.name} on ${spec?.nodeName ?? 'no node'}`)
  return new JobFailedError({
    code: 'NODE_LOST',
    message: `Job ${ref.namespace}/${ref.name} waits for pods that do not end: ${names.join(', ')}`,
    hint: 'When the node is really gone, forceDeleteLost: true, or `kubectl delete pod --force`, lets the Job go on. A node that is only cut off may still run them.',
    job: {
      ...ref,
      reason: 'NodeLost',
      pods: pods.map((pod) => podFailure(pod) ?? { name: pod.metadata.name, reason: 'Terminating' }),
    },
  })
}
