import { Problems } from '@internal/errors'
import { type ClientOptions, findClientProblems } from '../api/client-options.ts'
import { KubeApi } from '../api/kube-api.ts'
import { K8sError } from '../errors.ts'
import {
  findPreflightProblems,
  type PreflightOptions,
  type PreflightReport,
  preflightWith,
} from '../preflight/preflight.ts'
import { findSpecProblems } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { createJobHandle, type JobHandle } from '../submit/job-handle.ts'
import { submit } from '../submit/submission.ts'
import { findSubmitProblems, type SubmitOptions } from '../submit/submit-options.ts'
import { asK8sError } from '../wait/abort.ts'
import type { JobResult } from '../wait/job-result.ts'
import { checkWait, type WaitedFor, type WaitOptions, waitForRef } from '../wait/wait-for-job.ts'
import { checkRun, type RunOptions, type RunSpec, runWith } from './run-job.ts'

/** The calls of this package over one pool of connections and one kubeconfig, for many Jobs at the same time. */
export interface JobClient extends AsyncDisposable {
  /** As {@link submitJob}. */
  submitJob(spec: JobSpec, options?: SubmitOptions): Promise<JobHandle>
  /** As {@link waitForJob}. */
  waitForJob(job: WaitedFor, options?: WaitOptions): Promise<JobResult>
  /** As {@link runJob}. */
  runJob(spec: RunSpec, options?: SubmitOptions & WaitOptions & RunOptions): Promise<JobResult>
  /** As {@link preflight}. */
  preflight(spec: JobSpec, options?: PreflightOptions): Promise<PreflightReport>
  /** Ends the connections once what is under way is done. Jobs go on. */
  close(): Promise<void>
}

/**
 * A client for many Jobs: the kubeconfig is read with the first call, and the connections are shared.
 *
 * @throws K8sError `INVALID_OPTIONS`; each call throws what the function of its name throws.
 */
export function createJobClient(options: ClientOptions = {}): JobClient {
  const problems = new Problems()
  findClientProblems(problems, options)
  problems.throwAs('createJobClient', (fields) => new K8sError(fields))
  return jobClient(options)
}

/** A client for one call, which checks these options together with its own. */
export function jobClient(options: ClientOptions): JobClient {
  let loading: Promise<KubeApi> | undefined
  const load = (): Promise<KubeApi> => {
    loading ??= KubeApi.load(options.kubeConfig).catch((error: unknown) => {
      loading = undefined // it may be there next time
      throw error
    })
    return loading
  }
  const call = async <Value>(
    signal: AbortSignal | undefined,
    action: (api: KubeApi) => Promise<Value>,
  ): Promise<Value> => {
    try {
      signal?.throwIfAborted()
      return await action(await load())
    } catch (error) {
      throw asK8sError(error, signal)
    }
  }
  const close = async (): Promise<void> => {
    const api = await loading?.catch(() => undefined)
    loading = undefined
    await api?.close()
  }
  return {
    submitJob: async (spec, given = {}) => {
      const submitting = { ...given, ...options }
      checkSubmit(spec, submitting)
      return call(given.signal, async (api) => createJobHandle(api, await submit(api, spec, submitting)))
    },
    waitForJob: async (job, given = {}) => {
      const waiting = { ...given, ...options }
      checkWait(job, waiting)
      return call(given.signal, (api) => waitForRef(api, job, waiting))
    },
    runJob: async (spec, given = {}) => {
      const running = { ...given, ...options }
      checkRun(spec, running)
      return call(given.signal, (api) => runWith(api, spec, running))
    },
    preflight: async (spec, given = {}) => {
      const looking = { ...given, ...options }
      const found = new Problems()
      findPreflightProblems(found, spec, looking)
      found.throwAs('preflight', (fields) => new K8sError(fields))
      return call(given.signal, (api) => preflightWith(api, spec, looking))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function checkSubmit(spec: JobSpec, options: ClientOptions & SubmitOptions): void {
  const problems = new Problems()
  findSpecProblems(problems, spec)
  findSubmitProblems(problems, options)
  problems.throwAs('submitJob', (fields) => new K8sError(fields))
}
