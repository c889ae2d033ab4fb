import { Problems } from '@internal/errors'
import type { ClientOptions } from '../api/client-options.ts'
import { KubeApi } from '../api/kube-api.ts'
import { K8sError } from '../errors.ts'
import { findSpecProblems } from '../spec/check-spec.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import { asK8sError } from '../wait/abort.ts'
import { createJobHandle, type JobHandle } from './job-handle.ts'
import { submit } from './submission.ts'
import { findSubmitProblems, type SubmitOptions } from './submit-options.ts'

/**
 * Creates a Job and returns as soon as Kubernetes has it. A create whose answer is lost is repeated, which makes one Job:
 * it is known by its run id.
 *
 * A Job of that name that is there already: unfinished with the same contents, it is taken for this one; with other
 * contents, `JOB_EXISTS`; finished, see `onFinished`; one that is being deleted is waited for.
 *
 * @throws K8sError `INVALID_OPTIONS`, `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`, `API_UNREACHABLE`, `UNAUTHORIZED`,
 * `FORBIDDEN`, `NAMESPACE_NOT_FOUND`, `JOB_REJECTED`, `JOB_EXISTS`, `ABORTED`.
 */
export async function submitJob(spec: JobSpec, options: ClientOptions & SubmitOptions = {}): Promise<JobHandle> {
  const problems = new Problems()
  findSpecProblems(problems, spec)
  findSubmitProblems(problems, options)
  problems.throwAs('submitJob', (fields) => new K8sError(fields))
  try {
    options.signal?.throwIfAborted()
    const api = await KubeApi.load(options.kubeConfig)
    return createJobHandle(api, await submit(api, spec, options))
  } catch (error) {
    throw asK8sError(error, options.signal)
  }
}
