import { describeThrown } from '@internal/errors'
import type { Names, Problems } from '@internal/options'
import type { JobObject } from '../api/api-objects.ts'
import { type ClientOptions, checkClientOptions } from '../api/client-options.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { getJob, type JobRef } from '../api/resources.ts'
import { traced } from '../api/trace.ts'
import { SILENCE_MS } from '../api/watch.ts'
import type { OnAbort } from '../job/give-up.ts'
import { type JobResult, resultOf } from '../job/job-result.ts'
import { followLogs } from '../logs/pod-logs.ts'
import { nameProblem, subdomainProblem } from '../spec/job-name.ts'
import { recorded, timelineIn } from '../timeline/recorded.ts'
import { recordedEvents } from './recorded-events.ts'
import { RUN_EVENTS, type RunListeners, tell } from './run-events.ts'
import { type WaitSettings, waitToEnd } from './wait-to-end.ts'

/** The default of `unreachableMs`. */
export const UNREACHABLE_MS = 600_000
const START_GRACE_MS = 120_000
const SCHEDULE_GRACE_MS = 600_000

/** Options of a wait. */
export interface WaitOptions {
  /** Listeners for what happens during the wait. Default: none. */
  readonly on?: RunListeners | undefined
  /**
   * How long, in milliseconds, a pod may fail to start for a reason that can heal (an image that cannot be pulled, a Secret that
   * is missing) before the wait ends with it. An invalid image name ends it at once. Default: 120000.
   */
  readonly startGraceMs?: number | undefined
  /**
   * How long, in milliseconds, not a single pod may find room (no node fits, a quota is used up, scheduling gates stay), while
   * nothing else of the Job moves, before the wait ends with `UNSCHEDULABLE`, `QUOTA_EXCEEDED` or `JOB_STALLED`. While some pods
   * go on, the run goes on with a `stuck` event. Default: 600000, since autoscalers take minutes.
   */
  readonly scheduleGraceMs?: number | undefined
  /**
   * `'fail'`: the wait ends with `CRASH_LOOP` when every attempt fails alike and none has succeeded (at least 3 times, and once
   * more than pods run at the same time). `'ignore'`: it goes on. Default: 'fail'.
   */
  readonly crashLoop?: 'fail' | 'ignore' | undefined
  /**
   * Whether to delete pods by force that were told to end and do not, since their node is gone: the Job then goes on. Without
   * it the wait ends with `NODE_LOST`. A node that is only cut off may still run them, so an item may be handled twice. Needs
   * the rights to delete and patch pods. Default: false.
   */
  readonly forceDeleteLost?: boolean | undefined
  /** How long, in milliseconds, a watch may be silent before it is opened again. Default: 90000. */
  readonly silenceMs?: number | undefined
  /** How long, in milliseconds, the API server may be gone before the wait ends with `API_UNREACHABLE`. Default: 600000. */
  readonly unreachableMs?: number | undefined
  /**
   * Decides what happens to an unfinished Job when `signal` aborts, or when the wait ends with a fault that every pod would have.
   * `'delete'`: it is deleted with its pods. `'suspend'`: its pods end, and it can be resumed. `'leave'`: it goes on. Default:
   * 'leave' in {@link waitForJob}, 'delete' in {@link runJob}. A run that shares the Job of another call always leaves it.
   */
  readonly onAbort?: OnAbort | undefined
  /**
   * Whether to record the run over time, for `renderTimeline` of `@podqueue/k8s/report`: it is in the result, and on the error
   * that ends the wait, as `timeline`. It reads at most 2000 pods at the end, by at most ten requests, and some while pods are
   * being ended, and `runJob` reads its `queue` as often as for `progress`. Needs the right to list pods. Default: false.
   */
  readonly timeline?: boolean | undefined
  /** Ends the wait with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** The names of these options. */
export const WAIT_OPTIONS: Names<WaitOptions> = {
  on: true,
  startGraceMs: true,
  scheduleGraceMs: true,
  crashLoop: true,
  forceDeleteLost: true,
  silenceMs: true,
  unreachableMs: true,
  onAbort: true,
  timeline: true,
  signal: true,
}

/** A Job, by its name, or by name and namespace. With a uid it is only that one Job, not a later one of its name. */
export type JobReference = string | { readonly name: string; readonly namespace?: string; readonly uid?: string }

/** Adds everything that is wrong with a wait for a Job. */
export function checkWaitForJob(problems: Problems, job: JobReference, options: ClientOptions & WaitOptions): void {
  // An object may have more: a handle of a Job fits, or a result.
  const [path, { name, namespace, uid }] =
    typeof job === 'string' ? ['job', { name: job } as Partial<JobRef>] : ['job.name', job ?? {}]
  if (problems.text(path, name)) addUnless(problems, path, subdomainProblem(name))
  if (namespace !== undefined && problems.text('job.namespace', namespace))
    addUnless(problems, 'job.namespace', nameProblem(namespace))
  if (uid !== undefined) problems.text('job.uid', uid)
  checkClientOptions(problems, options)
  checkWaitOptions(problems, options)
}

function addUnless(problems: Problems, path: string, problem: string | undefined): void {
  if (problem !== undefined) problems.add(path, problem)
}

/** Waits by one API client for what was checked. */
export async function waitForRef(
  api: KubeApi,
  job: JobReference,
  options: ClientOptions & WaitOptions,
): Promise<JobResult> {
  const { name, namespace, uid } = typeof job === 'string' ? { name: job } : job
  const ref = {
    name,
    namespace: namespace ?? options.namespace ?? api.namespace,
    ...(uid === undefined ? {} : { uid }),
  }
  // The Job has to be known before its pods' logs are over.
  const found = options.on?.podLog === undefined ? undefined : await getJob(api, ref, { signal: options.signal })
  const first = uid === undefined || found?.metadata.uid === uid ? found : undefined
  return waitRecorded(api, ref, { ...options, first })
}

/** {@link waitWith}, with the timeline in its result, or on its error, when the options ask for it. */
export async function waitRecorded(
  api: KubeApi,
  ref: JobRef,
  options: WaitOptions & Pick<WaitSettings, 'first'>,
): Promise<JobResult> {
  return recorded(api, options, async (recorder) => {
    const on = recorder === undefined ? options.on : recordedEvents(options.on, recorder)
    const result = await waitWith(api, ref, { ...options, on, recorder: recorder?.nextJob() })
    return { ...result, ...timelineIn(recorder) }
  })
}

/** Adds what is wrong with the options of a wait. */
export function checkWaitOptions(problems: Problems, options: WaitOptions): void {
  problems.durationMs('startGraceMs', options.startGraceMs)
  problems.durationMs('scheduleGraceMs', options.scheduleGraceMs)
  problems.durationMs('unreachableMs', options.unreachableMs)
  problems.durationMs('silenceMs', options.silenceMs, { min: 1 })
  problems.oneOf('crashLoop', options.crashLoop, ['fail', 'ignore'])
  problems.flag('forceDeleteLost', options.forceDeleteLost)
  problems.flag('timeline', options.timeline)
  problems.oneOf('onAbort', options.onAbort, ['delete', 'suspend', 'leave'])
  const on = problems.known('on', options.on, RUN_EVENTS)
  for (const name of Object.keys(RUN_EVENTS) as (keyof RunListeners)[]) problems.callable(`on.${name}`, on[name])
}

/** Waits by one API client, with options that were checked. `first` is the Job as it was made, so that nothing after that is missed. */
export async function waitWith(
  api: KubeApi,
  ref: JobRef,
  options: WaitOptions & Pick<WaitSettings, 'first' | 'queue' | 'keepsStart' | 'recorder'>,
): Promise<JobResult> {
  const { on = {}, signal, unreachableMs = UNREACHABLE_MS, first } = options
  const settings: WaitSettings = {
    signal,
    on,
    onAbort: options.onAbort ?? 'leave',
    startGraceMs: options.startGraceMs ?? START_GRACE_MS,
    scheduleGraceMs: options.scheduleGraceMs ?? SCHEDULE_GRACE_MS,
    silenceMs: options.silenceMs ?? SILENCE_MS,
    forceDeleteLost: options.forceDeleteLost ?? false,
    crashLoop: options.crashLoop ?? 'fail',
    queue: options.queue,
    unreachableMs,
    first,
    keepsStart: options.keepsStart,
    recorder: options.recorder,
  }
  const { name, namespace } = ref
  return traced('wait', { name, namespace }, () => waitWithLogs(api, ref, settings))
}

async function waitWithLogs(api: KubeApi, ref: JobRef, settings: WaitSettings): Promise<JobResult> {
  const { on, signal, unreachableMs, first } = settings
  const waiting = waitToEnd(api, ref, settings)
  const logs = tellLogs(api, first, { on, signal, unreachableMs, jobEnd: waiting })
  const { job, startedAt } = await waiting
  await logs // the last lines come before the result
  return resultOf(job, startedAt)
}

async function tellLogs(
  api: KubeApi,
  job: JobObject | undefined,
  options: {
    readonly on: RunListeners
    readonly signal: AbortSignal | undefined
    readonly unreachableMs: number
    readonly jobEnd: Promise<unknown>
  },
): Promise<void> {
  const { on, signal: given, unreachableMs, jobEnd } = options
  if (on.podLog === undefined || job === undefined) return
  const { name, namespace = api.namespace, uid } = job.metadata
  // An abort ends the reading, and so does a failure, whose error has the ends of the logs.
  const failed = new AbortController()
  jobEnd.catch(() => failed.abort())
  const signal = given === undefined ? failed.signal : AbortSignal.any([given, failed.signal])
  try {
    for await (const line of followLogs(api, { name, namespace, uid }, { signal, unreachableMs, jobEnd }))
      tell(on, 'podLog', line)
  } catch (error) {
    if (signal.aborted) return
    const why = describeThrown(error)
    process.emitWarning(`The pods' logs cannot be read: ${why}`, 'PodqueueWarning')
  }
}
