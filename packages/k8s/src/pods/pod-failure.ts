import { redact } from '@internal/errors'
import type { PodObject } from '../api/api-objects.ts'
import { indexOf } from './completion-index.ts'

/** A pod that failed, or does not start. */
export interface PodFailure {
  readonly name: string
  /** Which of the completions, when the Job is Indexed. */
  readonly index?: number
  /** The container that failed when it is not the worker: an init container or a sidecar. Left out for the worker. */
  readonly container?: string
  /** The container's exit code. Left out when it did not run, or when Kubernetes ended the pod as a whole. */
  readonly exitCode?: number
  /**
   * Kubernetes' word: the pod's own (`Evicted`, `OutOfcpu`, `NodeAffinity`), else the container's (`Error`, `OOMKilled`,
   * `ErrImagePull`, `CreateContainerConfigError`).
   */
  readonly reason?: string
  /** The pod's own message, the container's termination message, or the kubelet's. Passwords in addresses are replaced. */
  readonly message?: string
  /** The end of the container's log, when it may be read. Passwords in addresses are replaced. */
  readonly logTail?: readonly string[]
}

/** A failure of a pod, with what is known about it; facts that are undefined or empty are left out. */
export function failureOf(
  pod: PodObject,
  facts: {
    readonly container?: string | undefined
    readonly exitCode?: number | undefined
    readonly reason?: string | undefined
    readonly message?: string | undefined
  },
): PodFailure {
  const { container, exitCode, reason, message = '' } = facts
  const index = indexOf(pod)
  return {
    name: pod.metadata.name,
    ...(index === undefined ? {} : { index }),
    ...(container === undefined ? {} : { container }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === '' ? {} : { message: redact(message.trim()) }),
  }
}
