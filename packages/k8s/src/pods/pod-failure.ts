import { redact } from '@internal/errors'
import type { ContainerStatus, ContainerTerminated, EventObject, PodObject } from '../api/api-objects.ts'
import { COMPLETION_INDEX } from '../spec/pod-labels.ts'

/** A pod that failed, or does not start. */
export interface PodFailure {
  readonly name: string
  /** Which of the completions, when the Job is Indexed. */
  readonly index?: number
  /** The program's exit code; left out when it did not run. */
  readonly exitCode?: number
  /** The kubelet's word: `Error`, `OOMKilled`, `ErrImagePull`, `CreateContainerConfigError`. */
  readonly reason?: string
  /** The container's termination message, or the kubelet's. Passwords in addresses are replaced. */
  readonly message?: string
  /** The end of its log, when it may be read. Passwords in addresses are replaced. */
  readonly logTail?: readonly string[]
}

/** What a pod's state says about its failure; undefined when it says none. */
export function podFailure(pod: PodObject): PodFailure | undefined {
  const { status = {} } = pod
  const found = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .map(failureOf)
    .find((failure) => failure !== undefined)
  if (found === undefined && status.phase !== 'Failed') return undefined
  const message = found?.message ?? status.message
  const index = indexOf(pod)
  const reason = found?.reason ?? status.reason
  return {
    name: pod.metadata.name,
    ...(index === undefined ? {} : { index }),
    ...(found?.exitCode === undefined ? {} : { exitCode: found.exitCode }),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined || message === '' ? {} : { message: redact(message.trim()) }),
  }
}

/** The completion index of a pod of an Indexed Job. */
export function indexOf({ metadata }: PodObject): number | undefined {
  const index = metadata.annotations?.[COMPLETION_INDEX] ?? metadata.labels?.[COMPLETION_INDEX]
  return index === undefined ? undefined : Number(index)
}

function failureOf({ state, lastState }: ContainerStatus): Partial<ContainerTerminated> | undefined {
  if (state?.waiting !== undefined && isStartFault(state.waiting.reason)) return state.waiting
  if (state?.terminated !== undefined && state.terminated.exitCode !== 0) return state.terminated
  // restartPolicy OnFailure: the container runs, or waits to run, again.
  if (lastState?.terminated !== undefined && lastState.terminated.exitCode !== 0) return lastState.terminated
  return undefined
}

/** What becomes of a container that waits for this reason. */
export function isStartFault(reason: string | undefined): boolean {
  return reason !== undefined && (AT_ONCE.has(reason) || IMAGE.has(reason) || CONFIG.has(reason) || OTHER.has(reason))
}

const AT_ONCE = new Set(['InvalidImageName', 'ErrImageNeverPull'])
const IMAGE = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const CONFIG = new Set(['CreateContainerConfigError'])
const OTHER = new Set(['CreateContainerError', 'RunContainerError', 'PreStartHookError', 'PreCreateHookError'])

/** A fault that keeps a pod from starting: what to call it, and whether time can heal it. */
export interface StartFault {
  readonly code: 'IMAGE_UNAVAILABLE' | 'CONFIG_MISSING' | 'POD_START_FAILED'
  /** Nobody but a changed Job helps: there is nothing to wait for. */
  readonly final: boolean
  readonly failure: PodFailure
}

/** What keeps a pod from starting; undefined when it starts, runs or ended. */
export function startFault(pod: PodObject): StartFault | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  const reason = statuses.map(({ state }) => state?.waiting?.reason).find(isStartFault)
  const failure = reason === undefined ? undefined : podFailure(pod)
  if (reason === undefined || failure === undefined) return undefined
  if (AT_ONCE.has(reason)) return { code: 'IMAGE_UNAVAILABLE', final: true, failure }
  if (IMAGE.has(reason)) return { code: 'IMAGE_UNAVAILABLE', final: false, failure }
  const missing = /not found|couldn't find key|references non-existent/.test(failure.message ?? '')
  return { code: CONFIG.has(reason) && missing ? 'CONFIG_MISSING' : 'POD_START_FAILED', final: false, failure }
}

const PREPARATION = new Set(['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'])

/** What keeps a pod from being prepared, by the warnings about it; undefined when they say nothing of that. */
export function mountFault(pod: PodObject, warnings: readonly EventObject[]): StartFault | undefined {
  const warning = warnings.findLast(({ reason }) => reason !== undefined && PREPARATION.has(reason))
  if (warning?.reason === undefined) return undefined
  const index = indexOf(pod)
  const message = redact(warning.message ?? '')
  const missing = /(secret|configmap) ".*" not found|references non-existent/.test(message)
  return {
    code: missing ? 'CONFIG_MISSING' : 'POD_START_FAILED',
    final: false,
    failure: {
      name: pod.metadata.name,
      ...(index === undefined ? {} : { index }),
      reason: warning.reason,
      message,
    },
  }
}
