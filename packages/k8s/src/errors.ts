import { CodedError } from '@internal/errors'
import type { Problem } from '@internal/options'
import type { JobFailure } from './job/job-failed-error.ts'
import type { JobResult } from './job/job-result.ts'
import type { Timeline } from './job/timeline.ts'
import type { PreflightProblem } from './preflight/preflight.ts'

/**
 * The Job that an error is about.
 *
 * @inline
 */
type AboutJob = { readonly name: string; readonly namespace?: string | undefined; readonly uid?: string | undefined }

/**
 * The request that the API server refused, or the server that does not answer. Left out where no request was made.
 *
 * @inline
 */
type AboutRequest = {
  /** The host and port of the API server. */
  readonly server?: string
  /** The HTTP status of its answer. */
  readonly status?: number
  /** Kubernetes' own word for the refusal, such as `Forbidden` or `Invalid`. */
  readonly reason?: string | undefined
  /** The verb as a Role has it, such as `create`. */
  readonly verb?: string
  /** The resource as a Role has it, such as `jobs` or `pods/log`. */
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string | undefined
}

/**
 * Everything that `preflight` found, on the error that `runJob` throws before it makes anything.
 *
 * @inline
 */
type Findings = {
  readonly problems?: readonly PreflightProblem[]
  /** The rules that are missing, as the YAML of a Role. */
  readonly role?: string
}

/** An interface's properties as a type that may be a record of facts. */
type Facts<Type> = { readonly [Name in keyof Type]: Type[Name] }

/** The `details` of a {@link K8sError} by its `code`. The names are stable; `docs/errors.md` has an entry for each. */
export interface K8sErrorDetails {
  /** Options that cannot be right: all problems at once, each with its path. Nothing was sent. */
  INVALID_OPTIONS: { readonly problems: readonly (Problem | PreflightProblem)[]; readonly role?: string }
  /** No kubeconfig was found: `tried` lists the places. There is no default of localhost:8080. */
  KUBECONFIG_MISSING: { readonly tried: readonly string[] }
  /** A kubeconfig was found but cannot be used: not readable, no current context, a broken certificate or plugin. */
  KUBECONFIG_INVALID: AboutRequest
  /** The API server did not answer, or answered with an error of its own, until the retries were over. */
  API_UNREACHABLE: AboutRequest
  /** The API server does not accept the credentials (401), also after they were loaded again. */
  UNAUTHORIZED: AboutRequest
  /** A right is missing (403): the message names verb, resource and namespace. */
  FORBIDDEN: AboutRequest & Findings
  /** The namespace does not exist or is being deleted. */
  NAMESPACE_NOT_FOUND: AboutRequest & Findings
  /** The API server refuses an object (400, 422, an admission webhook): its own words are in the message. */
  JOB_REJECTED: AboutRequest & Findings
  /**
   * A Job of that name exists. It is unfinished with other contents, it is finished and `onFinished` is `'fail'`, or it is deleted
   * and held by `finalizers`.
   */
  JOB_EXISTS: AboutJob & { readonly runId?: string | undefined; readonly finalizers?: readonly string[] }
  /** There is no Job of that name to wait for. */
  JOB_NOT_FOUND: AboutRequest & { readonly uid?: string | undefined }
  /** Thrown as {@link JobFailedError} when Kubernetes gave the Job the condition Failed. */
  JOB_FAILED: Facts<JobFailure>
  /** The Job was deleted, or replaced by another of its name, before it was finished. */
  JOB_DELETED: AboutJob & { readonly finalizers?: readonly string[] | undefined }
  /** Thrown as {@link JobFailedError} when pods do not start because their image cannot be pulled. */
  IMAGE_UNAVAILABLE: Facts<JobFailure>
  /**
   * Thrown as {@link JobFailedError} when pods do not start because a Secret, a ConfigMap or a key in one is missing. `runJob`
   * throws it before it makes the Job when the preflight sees that a Secret is missing.
   */
  CONFIG_MISSING: Partial<Facts<JobFailure>> & Findings
  /** Thrown as {@link JobFailedError} when pods do not start for another reason that does not heal by itself. */
  POD_START_FAILED: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when Kubernetes refuses to create the Job's pods: ServiceAccount, Pod Security, a webhook. */
  POD_REFUSED: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when a quota of the namespace left no room for a single pod for `scheduleGraceMs`. */
  QUOTA_EXCEEDED: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when no node had room for a single pod for `scheduleGraceMs`. */
  UNSCHEDULABLE: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when every attempt fails alike and none has succeeded. */
  CRASH_LOOP: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when the Job waits for pods to end on a node that no longer answers. */
  NODE_LOST: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when the workers have ended and another container keeps their pods running. */
  POD_NOT_ENDING: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when nothing of the Job moved for `scheduleGraceMs` and time cannot heal it. */
  JOB_STALLED: Facts<JobFailure>
  /** Thrown as {@link JobFailedError} when a worker says that its call, its permission or its configuration is wrong: exit 64, 77, 78. */
  WORKER_MISCONFIGURED: Facts<JobFailure>
  /** Thrown as {@link RunIncompleteError} when the Job is complete and the queue still holds items. */
  ITEMS_LEFT: Facts<JobResult>
  /** Thrown as {@link RunIncompleteError} when the Job is complete and there are more dead letters than at the start. */
  DEAD_LETTERED: Facts<JobResult>
  /** The queue gave no reading that can be believed: before the run, or as {@link RunIncompleteError} after it. */
  QUEUE_UNVERIFIED: Partial<Facts<JobResult>>
  /** `signal` aborted: `job` says what became of the Job, by `onAbort`. */
  ABORTED: Partial<AboutJob> & { readonly job?: string | undefined }
  /** A package that this call needs, and that podqueue does not install by itself, is missing. */
  PEER_MISSING: { readonly package: string }
  /** The local cluster cannot start: a port, a certificate, its folder. */
  LOCAL_CLUSTER_FAILED: Readonly<Record<string, unknown>>
  /** Bun or Deno lacks what the call needs: `runtime` says which and its version. */
  UNSUPPORTED_RUNTIME: { readonly runtime: string }
}

/** Every `code` of a {@link K8sError}. */
export type K8sErrorCode = keyof K8sErrorDetails

/** A {@link K8sError} of any code: a `switch` over `code` is exhaustive, and each case knows its `details`. */
export type AnyK8sError = { [Code in K8sErrorCode]: K8sError<Code> }[K8sErrorCode]

/**
 * The base of every error of `@podqueue/k8s`. `instanceof` also holds between two installed copies of the package, and narrows
 * to {@link AnyK8sError}.
 */
export class K8sError<Code extends K8sErrorCode = K8sErrorCode> extends CodedError<Code, K8sErrorDetails[Code]> {
  static override readonly brand: symbol = Symbol.for('@podqueue/k8s.K8sError')
  override name = 'K8sError'
  /** The run over time until this error ended it: only with the option `timeline`. It is not printed with the error. */
  declare readonly timeline?: Timeline

  static override [Symbol.hasInstance](value: unknown): value is AnyK8sError {
    return super[Symbol.hasInstance](value)
  }

  /** The same error, which carries the run over time. */
  carrying(timeline: Timeline): this {
    return Object.defineProperty(this, 'timeline', { value: timeline, enumerable: false, configurable: true })
  }
}
