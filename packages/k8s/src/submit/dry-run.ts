import type { V1Job } from '@kubernetes/client-node'
import { ApiAnswer, toK8sError } from '../api/api-answer.ts'
import type { KubeApi } from '../api/kube-api.ts'
import { jobsPath } from '../api/resources.ts'

/** The outcome of a dry run that the server does not refuse. */
export interface DryRun {
  /** The texts of the server's warnings. */
  readonly warnings: readonly string[]
  /**
   * Whether the server would create the Job suspended: the Job says so itself, or an admission webhook such as Kueue's does it.
   * Undefined when a Job of that name is there, so that the server says nothing about this one.
   */
  readonly suspended: boolean | undefined
  /** The checks that could not be made, and why. */
  readonly notChecked?: string
}

/** The API server's words for a webhook that declares side effects, so that it is not called. */
const NO_DRY_RUN = /does not support dry ?run/i

/**
 * Lets the server check a Job without creating it: schema, defaults, webhooks, a quota of Jobs.
 *
 * @throws {K8sError} as the create would, `JOB_REJECTED` or `FORBIDDEN`
 */
export async function dryRunJob(
  api: KubeApi,
  job: V1Job,
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal | undefined },
): Promise<DryRun> {
  try {
    const { answer, warnings } = await api.requestWithWarnings<{ readonly spec?: { readonly suspend?: unknown } }>({
      verb: 'create',
      resource: 'jobs',
      namespace,
      name: job.metadata?.name,
      path: jobsPath(namespace),
      query: { dryRun: 'All', fieldValidation: 'Warn' },
      body: job,
      expects: 'anything', // it has no uid and no resourceVersion
      signal,
    })
    return { warnings, suspended: answer.spec?.suspend === true }
  } catch (error) {
    // The name is judged when the Job is created: whether the other Job is ours, or finished, may change until then.
    if (error instanceof ApiAnswer && error.code === 409) return { warnings: [], suspended: undefined }
    if (error instanceof ApiAnswer && NO_DRY_RUN.test(error.message)) {
      return { warnings: [], suspended: false, notChecked: `what the API server makes of the Job: ${error.message}` }
    }
    throw error instanceof ApiAnswer ? toK8sError(error) : error
  }
}
