import { CodedError } from '@internal/errors'

/** Every `code` of a {@link K8sError}. The names are stable; `docs/errors.md` has an entry for each. */
export type K8sErrorCode =
  /** Thrown when what a call was given cannot be right: all problems at once, in `details.problems`; nothing was sent. */
  | 'INVALID_OPTIONS'
  /** Thrown when no kubeconfig was found: the hint lists what was tried. There is no default of localhost:8080. */
  | 'KUBECONFIG_MISSING'
  /** Thrown when a kubeconfig was found but cannot be used: not readable, no current context, a broken certificate or plugin. */
  | 'KUBECONFIG_INVALID'
  /** Thrown when the API server did not answer, or answered with an error of its own, until the retries were over. */
  | 'API_UNREACHABLE'
  /** Thrown when the API server does not know who is asking (401), also after the credentials were loaded again. */
  | 'UNAUTHORIZED'
  /** Thrown when a right is missing (403): the message names verb, resource and namespace. */
  | 'FORBIDDEN'
  /** Thrown when the namespace does not exist or is being deleted. */
  | 'NAMESPACE_NOT_FOUND'
  /** Thrown when the API server refuses an object (400, 422, an admission webhook): its own words are in the message. */
  | 'JOB_REJECTED'
  /** Thrown when a Job of that name is there which is neither ours nor finished, or finished with `onFinished: 'fail'`. */
  | 'JOB_EXISTS'
  /** Thrown when there is no Job of that name to wait for. */
  | 'JOB_NOT_FOUND'
  /** Thrown as {@link JobFailedError} when Kubernetes gave the Job the condition Failed. */
  | 'JOB_FAILED'
  /** Thrown when the Job was deleted, or replaced by another of its name, before it was finished. */
  | 'JOB_DELETED'
  /** Thrown as {@link JobFailedError} when pods do not start because their image cannot be had. */
  | 'IMAGE_UNAVAILABLE'
  /** Thrown as {@link JobFailedError} when pods do not start because a Secret, a ConfigMap or a key in one is missing. */
  | 'CONFIG_MISSING'
  /** Thrown as {@link JobFailedError} when pods do not start for another reason that does not heal by itself. */
  | 'POD_START_FAILED'
  /** Thrown as {@link JobFailedError} when Kubernetes refuses to create the Job's pods: ServiceAccount, Pod Security, a webhook. */
  | 'POD_REFUSED'
  /** Thrown as {@link JobFailedError} when a quota of the namespace left no room for a single pod for `scheduleGraceMs`. */
  | 'QUOTA_EXCEEDED'
  /** Thrown as {@link JobFailedError} when no node had room for a single pod for `scheduleGraceMs`. */
  | 'UNSCHEDULABLE'
  /** Thrown as {@link JobFailedError} when every attempt fails alike and none has succeeded. */
  | 'CRASH_LOOP'
  /** Thrown as {@link JobFailedError} when the Job waits for pods to end on a node that does not answer any more. */
  | 'NODE_LOST'
  /** Thrown as {@link JobFailedError} when a worker says that its call, its permission or its configuration is wrong: exit 64, 77, 78. */
  | 'WORKER_MISCONFIGURED'
  /** Thrown as {@link RunIncompleteError} when the Job is complete and the queue still holds items. */
  | 'ITEMS_LEFT'
  /** Thrown as {@link RunIncompleteError} when the Job is complete and there are more dead letters than at the start. */
  | 'DEAD_LETTERED'
  /** Thrown when `inspectQueue` gave no reading that can be believed: before the run, or as {@link RunIncompleteError} after it. */
  | 'QUEUE_UNVERIFIED'
  /** Thrown when `signal` was aborted: `details.job` says what became of the Job, by `onAbort`. */
  | 'ABORTED'
  /** Thrown when the local cluster cannot start: a port, a certificate, its folder. */
  | 'LOCAL_CLUSTER_FAILED'

/** The base of every error of `@podqueue/k8s`. `instanceof` also holds between two installed copies of the package. */
export class K8sError<Code extends K8sErrorCode = K8sErrorCode> extends CodedError<Code> {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.K8sError')
  override name = 'K8sError'
}
