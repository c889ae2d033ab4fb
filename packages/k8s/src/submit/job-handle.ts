import { type Names, Problems } from '@internal/options'
import type { JobObject } from '../api/api-objects.ts'
import { asK8sError } from '../api/as-k8s-error.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { deleteJob, type JobRef } from '../api/resources.ts'
import { SILENCE_MS } from '../api/watch.ts'
import { watchJob } from '../api/watch-job.ts'
import { K8sError } from '../errors.ts'
import type { JobResult } from '../job/job-result.ts'
import { endOf } from '../job/job-state.ts'
import type { PodLogLine } from '../logs/log-line.ts'
import { followLogs, readLogs } from '../logs/pod-logs.ts'
import { RUN_ID } from '../spec/annotations.ts'
import { checkWaitOptions, UNREACHABLE_MS, WAIT_OPTIONS, type WaitOptions, waitRecorded } from '../wait/wait-for-job.ts'

/** Options of {@link JobHandle.logs}. */
export interface LogsOptions {
  /** Goes on until the Job has ended; else what is there now, pod after pod. Default: true. */
  readonly follow?: boolean | undefined
  /** Ends the reading with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

/** The options of {@link JobHandle.delete}. */
export interface DeleteOptions {
  /** Ends the call with `ABORTED`. */
  readonly signal?: AbortSignal | undefined
}

const LOGS_OPTIONS: Names<LogsOptions> = { follow: true, signal: true }
const DELETE_OPTIONS: Names<DeleteOptions> = { signal: true }

/** A Job that was submitted. Leaving the program, or dropping this, does nothing to it. */
export interface JobHandle {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** The run's id: given to another {@link submitJob} or {@link runJob} it finds this Job. */
  readonly runId: string
  /** {@link waitForJob} for exactly this Job, from the moment it was made. */
  wait(options?: WaitOptions): Promise<JobResult>
  /** Deletes the Job, and with it its pods and its Secret. Does nothing when it is gone. Throws K8sError, such as `FORBIDDEN`. */
  delete(options?: DeleteOptions): Promise<void>
  /**
   * The output of the pods, each line once, lines of different pods mixed as they come. A view, never the verdict: a pod
   * that is gone is silent. Throws K8sError, such as `FORBIDDEN` without the right to get pods/log.
   */
  logs(options?: LogsOptions): AsyncIterable<PodLogLine>
}

export function createJobHandle(api: KubeApi, job: JobObject): JobHandle {
  const { name, namespace = api.namespace, uid, annotations = {} } = job.metadata
  const ref = { name, namespace, uid }
  return {
    ...ref,
    runId: annotations[RUN_ID] ?? '',
    wait: async (given) => {
      const options = checked('wait', given, WAIT_OPTIONS, checkWaitOptions)
      return waitRecorded(api, ref, { ...options, first: job })
    },
    delete: async (given) => {
      const { signal } = checked('delete', given, DELETE_OPTIONS)
      try {
        await deleteJob(api, ref, { signal })
      } catch (error) {
        throw asK8sError(error, signal)
      }
    },
    logs: (given) => logsOf(api, ref, checked('logs', given, LOGS_OPTIONS, checkLogsOptions)),
  }
}

function checked<Options extends { readonly signal?: AbortSignal | undefined }>(
  call: string,
  given: Options | undefined,
  names: Names<Options>,
  find: (problems: Problems, options: Options) => void = () => {},
): Options {
  const problems = new Problems()
  const options = problems.options('options', given, names)
  const signal = problems.signal('signal', options.signal)
  find(problems, options)
  problems.throwAs(call, (fields) => new K8sError(fields))
  return signal === undefined ? options : { ...options, signal }
}

function checkLogsOptions(problems: Problems, { follow }: LogsOptions): void {
  problems.flag('follow', follow)
}

async function* logsOf(
  api: KubeApi,
  ref: JobRef & { readonly uid: string },
  { follow = true, signal: given }: LogsOptions,
): AsyncGenerator<PodLogLine, void, undefined> {
  const done = new AbortController()
  const signal = given === undefined ? done.signal : AbortSignal.any([given, done.signal])
  try {
    if (follow) yield* followLogs(api, ref, { signal, unreachableMs: UNREACHABLE_MS, jobEnd: jobEnd(api, ref, signal) })
    else yield* readLogs(api, ref, { signal })
  } catch (error) {
    throw asK8sError(error, given)
  } finally {
    done.abort()
  }
}

/** Settles when a Job has ended or is gone. */
async function jobEnd(api: KubeApi, { name, namespace, uid }: JobRef, signal: AbortSignal): Promise<void> {
  const options = { name, namespace, unreachableMs: UNREACHABLE_MS, silenceMs: SILENCE_MS, signal }
  for await (const event of watchJob(api, options)) {
    const jobs = event.type === 'listed' ? event.items : [event.item]
    const job = jobs.find(({ metadata }) => metadata.uid === uid)
    if (job === undefined || event.type === 'deleted' || endOf(job) !== undefined) return
  }
}
