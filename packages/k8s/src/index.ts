/**
 * Runs Kubernetes Jobs over a work queue: builds them, submits them, waits for their end and names the cause when they do
 * not end. Knows nothing of AMQP: it reads a queue by an object that the app gives.
 *
 * @module
 */

import '@internal/node-version'

export type { V1Job, V1Secret } from '@kubernetes/client-node'
export type { DispatcherLike, KubeConfigLike, SecurityContextLike } from './access/kube-config-like.ts'
export type { ClientOptions } from './api/client-options.ts'
export type { JobTrace } from './api/trace.ts'
export type { AnyK8sError, K8sErrorCode, K8sErrorDetails } from './errors.ts'
export { K8sError } from './errors.ts'
export type { OnAbort } from './job/give-up.ts'
export type { AnyJobFailedError, JobFailedCode, JobFailure } from './job/job-failed-error.ts'
export { JobFailedError } from './job/job-failed-error.ts'
export type { JobResult } from './job/job-result.ts'
export type { JobCounts, JobEnd } from './job/job-state.ts'
export type {
  PodOutcome,
  Timeline,
  TimelineError,
  TimelineEvent,
  TimelineItems,
  TimelineJob,
  TimelinePod,
} from './job/timeline.ts'
export type { PodLogLine } from './logs/log-line.ts'
export type { PodFailure } from './pods/pod-failure.ts'
export type { PreflightOptions, PreflightProblem, PreflightReport } from './preflight/preflight.ts'
export type { DeadItem, LastFailure } from './queue/dead-item.ts'
export type { ItemCounts } from './queue/item-tally.ts'
export type { QueueReading, ReadOptions, RunQueue } from './queue/queue-reading.ts'
export { preflight, runJob, submitJob, waitForJob } from './run/calls.ts'
export type { JobClient } from './run/job-client.ts'
export { createJobClient } from './run/job-client.ts'
export type { AnyRunIncompleteError, RunIncompleteCode } from './run/run-incomplete-error.ts'
export { RunIncompleteError } from './run/run-incomplete-error.ts'
export type { RunJobOptions, RunOptions } from './run/run-job.ts'
export type { RunSpec } from './run/run-spec.ts'
export { buildJob } from './spec/build-job.ts'
export type { JobSpec, QueueBySecret, QueueByUrl, QueueSpec, WorkerSettings } from './spec/job-spec.ts'
export { buildManifests, toYaml } from './spec/manifests.ts'
export type { DeleteOptions, JobHandle, LogsOptions } from './submit/job-handle.ts'
export type { SubmitOptions } from './submit/submit-options.ts'
export type { StuckEvent } from './trouble/stuck-event.ts'
export type { JobProgress } from './wait/job-progress.ts'
export type { RunEvents, RunListeners, RunProgress } from './wait/run-events.ts'
export type { JobReference, WaitOptions } from './wait/wait-for-job.ts'
