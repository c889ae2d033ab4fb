import type { ClientOptions } from '../api/client-options.ts'
import type { JobResult } from '../job/job-result.ts'
import type { PreflightOptions, PreflightReport } from '../preflight/preflight.ts'
import type { JobSpec } from '../spec/job-spec.ts'
import type { JobHandle } from '../submit/job-handle.ts'
import type { SubmitOptions } from '../submit/submit-options.ts'
import type { JobReference, WaitOptions } from '../wait/wait-for-job.ts'
import { clientForCall } from './job-client.ts'
import type { RunJobOptions } from './run-job.ts'
import type { RunSpec } from './run-spec.ts'

/**
 * Creates a Job and returns as soon as Kubernetes has it. A create whose answer is lost is repeated, which makes one Job:
 * it is known by its run id.
 *
 * A Job of that name that is there already: unfinished with the same contents, it is taken for this one; with other
 * contents, `JOB_EXISTS`; finished, see `onFinished`; one that is being deleted is waited for.
 *
 * @throws {K8sError} `INVALID_OPTIONS`, `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`, `API_UNREACHABLE`, `UNAUTHORIZED`,
 * `FORBIDDEN`, `NAMESPACE_NOT_FOUND`, `JOB_REJECTED`, `JOB_EXISTS`, `ABORTED`.
 */
export async function submitJob(spec: JobSpec, options: ClientOptions & SubmitOptions = {}): Promise<JobHandle> {
  // The handle goes on with the client's connections, which end by themselves when they are idle.
  return clientForCall(options).submitJob(spec, options)
}

/**
 * Waits until a Job has completed, however long that takes and however often the connection is lost. A Job that failed is an
 * error, and so is a Job that can never complete as it is.
 *
 * @param job Its name, or name and namespace; with a uid only that one Job, not a later one of its name.
 * @throws {JobFailedError} `JOB_FAILED`, `IMAGE_UNAVAILABLE`, `CONFIG_MISSING`, `POD_START_FAILED`, `POD_REFUSED`,
 * `QUOTA_EXCEEDED`, `UNSCHEDULABLE`, `CRASH_LOOP`, `NODE_LOST`, `POD_NOT_ENDING`, `JOB_STALLED`, `WORKER_MISCONFIGURED`.
 * @throws {K8sError} `JOB_NOT_FOUND`, `JOB_DELETED`, `ABORTED`, `INVALID_OPTIONS`, `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`,
 * `API_UNREACHABLE`, `UNAUTHORIZED`, `FORBIDDEN`.
 */
export async function waitForJob(job: JobReference, options: ClientOptions & WaitOptions = {}): Promise<JobResult> {
  await using client = clientForCall(options)
  return await client.waitForJob(job, options)
}

/**
 * Runs a Job over a queue: checks everything that it needs, submits it, waits for it, and counts the items that are left. When it
 * returns, the Job is complete and, with `queue`, the queue is empty; anything else is an error.
 *
 * A run that is restarted with its `runId` continues: it finds its Job and its sweeps, and judges by the numbers at its first start.
 *
 * @throws {JobFailedError} as {@link waitForJob} does.
 * @throws {RunIncompleteError} `ITEMS_LEFT`, `DEAD_LETTERED`, `QUEUE_UNVERIFIED`: the Job is complete, but the work is not, or
 * that is not known.
 * @throws {K8sError} as {@link submitJob} and {@link waitForJob} do. One error holds everything that the preflight finds:
 * `details.problems` lists it, `details.role` is the Role that is missing.
 */
export async function runJob(spec: RunSpec, options: RunJobOptions = {}): Promise<JobResult> {
  await using client = clientForCall(options)
  return await client.runJob(spec, options)
}

/**
 * Checks everything that a run of this spec needs and returns all problems at once: the rights, by asking for each
 * (SelfSubjectAccessReview); the Job, by a dry run on the server; the broker's address; Secrets that the spec names. It makes
 * nothing. A quota of pods and the level of Pod Security show in pods only: the server's warnings are a hint.
 *
 * @throws {K8sError} `INVALID_OPTIONS`, `KUBECONFIG_MISSING`, `KUBECONFIG_INVALID`, `API_UNREACHABLE`, `UNAUTHORIZED`, `ABORTED`.
 */
export async function preflight(
  spec: JobSpec,
  options: ClientOptions & PreflightOptions = {},
): Promise<PreflightReport> {
  await using client = clientForCall(options)
  return await client.preflight(spec, options)
}
