import { Problems } from '@internal/errors'
import type { JobObject } from '../api/api-objects.ts'
import { type ClientOptions, findClientProblems } from '../api/client-options.ts'
import { KubeApi } from '../api/kube-api.ts'
import { getJob, type JobRef } from '../api/resources.ts'
import { K8sError } from '../errors.ts'
import { followLogs } from '../logs/pod-logs.ts'
import { nameProblem } from '../spec/job-name.ts'
import { asK8sError, type OnAbort } from './abort.ts'
import { type JobResult, resultOf } from './job-result.ts'
import { type RunListeners, tell } from './run-events.ts'
import { waitToEnd } from './wait-job.ts'

/** How long the API server may be gone during a wait, unless told otherwise. */
export const UNREACHABLE_MS = 600_000
const START_GRACE_MS = 120_000

/** How a wait goes. */
export interface WaitOptions {
  /** What to tell while waiting. Default: nothing. */
  readonly on?: RunListeners
  /**
   * How long, in milliseconds, a pod may fail to start for a reason that can heal (an image that cannot be pulled, a Secret that
   * is missing) before the wait ends with it. An invalid image name ends it at once. Default: 120000.
   */
  readonly startGraceMs?: number
  /** How long, in milliseconds, the API server may be gone before the wait ends with `API_UNREACHABLE`. Default: 600000. */
  readonly unreachableMs?: number
  /**
   * What becomes of an unfinished Job when `signal` is aborted, or the wait ends with a fault that would come in every pod:
   * deleted with its pods, suspended (its pods end, and it can go on later), or left as it is. Default: 'leave' in
   * {@link waitForJob}, 'delete' in {@link runJob}.
   */
  readonly onAbort?: OnAbort
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal
}

/**
 * Waits until a Job has completed, however long that takes and whatever becomes of the connection meanwhile. Failure is an
 * error: that of a Job which failed, and that of a Job which never would.
 *
 * @param job Its name, or name and namespace; with a uid only that one Job, not a later one of its name.
 * @throws JobFailedError `JOB_FAILED`, `IMAGE_UNAVAILABLE`, `CONFIG_MISSING`, `POD_START_FAILED`, `POD_REFUSED`,
 * `WORKER_MISCONFIGURED`.
 * @throws K8sError `JOB_NOT_FOUND`, `JOB_DELETED`, `ABORTED`, `INVALID_OPTIONS`, `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`,
 * `API_UNREACHABLE`, `UNAUTHORIZED`, `FORBIDDEN`.
 */
export async function waitForJob(
  job: string | { readonly name: string; readonly namespace?: string; readonly uid?: string },
  options: ClientOptions & WaitOptions = {},
): Promise<JobResult> {
  const { name, namespace, uid } = typeof job === 'string' ? { name: job } : job
  const problems = new Problems()
  if (problems.text('job', name)) {
    const problem = nameProblem(name)
    if (problem !== undefined) problems.add('job', problem)
  }
  findClientProblems(problems, options)
  findWaitProblems(problems, options)
  problems.throwAs('waitForJob', (fields) => new K8sError(fields))
  try {
    options.signal?.throwIfAborted()
    const api = await KubeApi.load(options.kubeConfig)
    const ref = {
      name,
      namespace: namespace ?? options.namespace ?? api.namespace,
      ...(uid === undefined ? {} : { uid }),
    }
    // Whose pods' logs are wanted has to be known before they are over.
    const found = options.on?.podLog === undefined ? undefined : await getJob(api, ref, { signal: options.signal })
    const first = uid === undefined || found?.metadata.uid === uid ? found : undefined
    return await waitWith('waitForJob', api, ref, { ...options, first })
  } catch (error) {
    throw asK8sError(error, options.signal)
  }
}

/** Adds what is wrong with the options of a wait. */
export function findWaitProblems(problems: Problems, options: WaitOptions): void {
  problems.durationMs('startGraceMs', options.startGraceMs)
  problems.durationMs('unreachableMs', options.unreachableMs)
  problems.oneOf('onAbort', options.onAbort, ['delete', 'suspend', 'leave'])
  for (const [name, listener] of Object.entries(options.on ?? {})) {
    if (listener !== undefined && typeof listener !== 'function') problems.add(`on.${name}`, 'must be a function')
  }
}

/** Waits by one API client. `first` is the Job as it was made, so that nothing after that is missed. */
export async function waitWith(
  call: string,
  api: KubeApi,
  ref: JobRef,
  options: WaitOptions & { readonly first?: JobObject | undefined },
): Promise<JobResult> {
  const problems = new Problems()
  findWaitProblems(problems, options)
  problems.throwAs(call, (fields) => new K8sError(fields))
  const { on = {}, signal, unreachableMs = UNREACHABLE_MS, first } = options
  const waiting = waitToEnd(api, ref, {
    signal,
    on,
    onAbort: options.onAbort ?? 'leave',
    startGraceMs: options.startGraceMs ?? START_GRACE_MS,
    unreachableMs,
    first,
  })
  const logs = tellLogs(api, first, { on, signal, unreachableMs, jobEnd: waiting })
  const job = await waiting
  await logs // the last lines come before the result
  return resultOf(job)
}

async function tellLogs(
  api: KubeApi,
  job: JobObject | undefined,
  options: {
    readonly on: RunListeners
    readonly signal: AbortSignal | undefined
    readonly unreachableMs: number
    readonly jobEnd: Promise<JobObject>
  },
): Promise<void> {
  const { on, signal: given, unreachableMs, jobEnd } = options
  if (on.podLog === undefined || job === undefined) return
  const { name, namespace = api.namespace, uid } = job.metadata
  // After an abort, or a failure, which has log tails of its own, nobody waits for more lines.
  const failed = new AbortController()
  jobEnd.catch(() => failed.abort())
  const signal = given === undefined ? failed.signal : AbortSignal.any([given, failed.signal])
  try {
    for await (const line of followLogs(api, { name, namespace, uid }, { signal, unreachableMs, jobEnd }))
      tell(on, 'podLog', line)
  } catch (error) {
    if (signal.aborted) return
    const why = error instanceof Error ? error.message : String(error)
    process.emitWarning(`The pods' logs cannot be read: ${why}`, 'PodqueueWarning')
  }
}
