/**
 * Runs Kubernetes Jobs over a work queue: builds them, submits them, waits for their end and says what is wrong when there
 * is none. Knows nothing of AMQP: a queue is what `inspectQueue` reads.
 *
 * @module
 */

export type { OnAbort } from './abort.ts'
export { buildJob } from './build-job.ts'
export type { ClientOptions } from './client-options.ts'
export type { K8sErrorCode } from './errors.ts'
export { K8sError } from './errors.ts'
export type { JobFailure } from './job-failed-error.ts'
export { JobFailedError } from './job-failed-error.ts'
export type { JobHandle, LogsOptions } from './job-handle.ts'
export type { JobResult } from './job-result.ts'
export type { JobSpec, QueueBySecret, QueueByUrl, QueueSpec, WorkerSettings } from './job-spec.ts'
export type { JobCounts, JobEnd } from './job-state.ts'
export type { KubeConfigLike, SecurityContextLike } from './kube-config.ts'
export type { PodLogLine } from './log-line.ts'
export { buildManifests, toYaml } from './manifests.ts'
export type { PodFailure } from './pod-failure.ts'
export type { InspectQueue, QueueReading } from './queue-reading.ts'
export type { RunEvents, RunListeners } from './run-events.ts'
export { RunIncompleteError } from './run-incomplete-error.ts'
export type { RunJobOptions, RunOptions, RunSpec } from './run-job.ts'
export { runJob } from './run-job.ts'
export { submitJob } from './submit-job.ts'
export type { SubmitOptions } from './submit-options.ts'
export type { WaitOptions } from './wait-for-job.ts'
export { waitForJob } from './wait-for-job.ts'
