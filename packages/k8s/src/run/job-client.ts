import { type Names, Problems } from '@internal/options'
import { asK8sError } from '../api/as-k8s-error.ts'
import { CLIENT_OPTIONS, type ClientOptions, checkClientOptions } from '../api/client-options.ts'
import { KubeApi } from '../api/kube-api.ts'
import { K8sError } from '../errors.ts'
import type { JobResult } from '../job/job-result.ts'
import {
  checkPreflight,
  PREFLIGHT_OPTIONS,
  type PreflightOptions,
  type PreflightReport,
  preflightWith,
} from '../preflight/preflight.ts'
import { checkSpec } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { createJobHandle, type JobHandle } from '../submit/job-handle.ts'
import { submit } from '../submit/submission.ts'
import { checkSubmitOptions, SUBMIT_OPTIONS, type SubmitOptions } from '../submit/submit-options.ts'
import { checkWaitForJob, type JobReference, WAIT_OPTIONS, type WaitOptions, waitForRef } from '../wait/wait-for-job.ts'
import { checkRun, RUN_JOB_OPTIONS, type RunOptions, runWith } from './run-job.ts'
import type { RunSpec } from './run-spec.ts'

/** The calls of this package over one pool of connections and one kubeconfig, for many Jobs at the same time. */
export interface JobClient extends AsyncDisposable {
  /** As {@link submitJob}. */
  submitJob(spec: JobSpec, options?: SubmitOptions): Promise<JobHandle>
  /** As {@link waitForJob}. */
  waitForJob(job: JobReference, options?: WaitOptions): Promise<JobResult>
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
 * @throws {K8sError} `INVALID_OPTIONS`; each call throws what the function of its name throws.
 */
export function createJobClient(options: ClientOptions = {}): JobClient {
  const problems = new Problems()
  problems.guard('options', () => checkClientOptions(problems, problems.options('options', options, CLIENT_OPTIONS)))
  problems.throwAs('createJobClient', (fields) => new K8sError(fields))
  return jobClient(options, {})
}

const OF_A_CLIENT = {
  kubeConfig: 'belongs to createJobClient: all calls of a client share its connections',
  namespace: 'belongs to createJobClient, or to the spec',
}

/** A client for one call, which is given these options together with its own, and checks them so. */
export function clientForCall(options: ClientOptions): JobClient {
  // Options that are not an object are refused by the call itself.
  const { kubeConfig, namespace } = options ?? {}
  const given = {
    ...(kubeConfig === undefined ? {} : { kubeConfig }),
    ...(namespace === undefined ? {} : { namespace }),
  }
  return jobClient(given, CLIENT_OPTIONS)
}

/** @param also names of options that its calls take besides their own */
function jobClient(options: ClientOptions, also: Partial<Names<ClientOptions>>): JobClient {
  const checked = <Own extends { readonly signal?: AbortSignal | undefined }>(
    call: string,
    given: Own | undefined,
    names: Names<Own>,
    find: (problems: Problems, options: Own & ClientOptions) => void,
  ): Own & ClientOptions => {
    const problems = new Problems()
    const own = problems.options('options', given, { ...names, ...also }, OF_A_CLIENT)
    const signal = problems.signal('signal', own.signal)
    const all = { ...own, ...options, ...(signal === undefined ? {} : { signal }) }
    problems.guard('options', () => find(problems, all))
    problems.throwAs(call, (fields) => new K8sError(fields))
    return all
  }
  let loading: Promise<KubeApi> | undefined
  const load = (): Promise<KubeApi> => {
    loading ??= KubeApi.load(options.kubeConfig).catch((error: unknown) => {
      loading = undefined // it may be there next time
      throw error
    })
    return loading
  }
  const call = async <Own extends { readonly signal?: AbortSignal | undefined }, Value>(
    own: Own,
    action: (api: KubeApi, options: Own) => Promise<Value>,
  ): Promise<Value> => {
    const { signal } = own
    // No request outlives its call: of several at once, one may fail while another has an answer that never ends.
    const end = new AbortController()
    const bounded = signal === undefined ? end.signal : AbortSignal.any([signal, end.signal])
    try {
      signal?.throwIfAborted()
      return await action(await load(), { ...own, signal: bounded })
    } catch (error) {
      throw asK8sError(error, signal)
    } finally {
      end.abort()
    }
  }
  const close = async (): Promise<void> => {
    const api = await loading?.catch(() => undefined)
    loading = undefined
    await api?.close()
  }
  return {
    submitJob: async (spec, given) => {
      const submitting = checked('submitJob', given, SUBMIT_OPTIONS, (problems, options) => {
        checkSpec(problems, spec)
        checkSubmitOptions(problems, options)
      })
      return call(submitting, async (api, options) => createJobHandle(api, (await submit(api, spec, options)).job))
    },
    waitForJob: async (job, given) => {
      const waiting = checked('waitForJob', given, WAIT_OPTIONS, (problems, options) =>
        checkWaitForJob(problems, job, options),
      )
      return call(waiting, (api, options) => waitForRef(api, job, options))
    },
    runJob: async (spec, given) => {
      const running = checked('runJob', given, RUN_JOB_OPTIONS, (problems, options) =>
        checkRun(problems, spec, options),
      )
      return call(running, (api, options) => runWith(api, spec, options))
    },
    preflight: async (spec, given) => {
      const looking = checked('preflight', given, PREFLIGHT_OPTIONS, (problems, options) =>
        checkPreflight(problems, spec, options),
      )
      return call(looking, (api, options) => preflightWith(api, spec, options))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
