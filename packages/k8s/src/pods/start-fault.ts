import { redact } from '@internal/errors'
import type { EventObject, PodObject } from '../api/api-objects.ts'
import { allContainers, workerName } from './containers.ts'
import { failureOf, type PodFailure } from './pod-failure.ts'

/** A fault that keeps a pod from starting. */
export interface StartFault {
  readonly code: 'IMAGE_UNAVAILABLE' | 'CONFIG_MISSING' | 'POD_START_FAILED'
  /** Only a changed Job helps: there is nothing to wait for. */
  readonly final: boolean
  readonly failure: PodFailure
}

const AT_ONCE = new Set(['InvalidImageName', 'ErrImageNeverPull'])
const IMAGE = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const CONFIG = 'CreateContainerConfigError'
/** A busy kubelet has not read the Secret or ConfigMap yet: whether it exists is not known. */
const NOT_READ_YET = /failed to sync (secret|configmap) cache/
const OTHER = new Set(['CreateContainerError', 'RunContainerError', 'PreStartHookError', 'PreCreateHookError'])

/** The fault that keeps a pod from starting; undefined when it starts, runs or has ended. */
export function startFault(pod: PodObject): StartFault | undefined {
  for (const { name, state } of allContainers(pod)) {
    const { reason, message = '' } = state?.waiting ?? {}
    const code = codeOf(reason, message)
    if (reason === undefined || code === undefined) continue
    const container = name === workerName(pod) ? undefined : name
    return { code, final: AT_ONCE.has(reason), failure: failureOf(pod, { container, reason, message }) }
  }
  return undefined
}

function codeOf(reason: string | undefined, message: string): StartFault['code'] | undefined {
  if (reason === undefined) return undefined
  if (AT_ONCE.has(reason) || IMAGE.has(reason)) return 'IMAGE_UNAVAILABLE'
  if (reason === CONFIG) {
    if (NOT_READ_YET.test(message)) return undefined
    const missing = /not found|couldn't find key|references non-existent/.test(message)
    return missing ? 'CONFIG_MISSING' : 'POD_START_FAILED'
  }
  return OTHER.has(reason) ? 'POD_START_FAILED' : undefined
}

/**
 * Whether a pod has a node and waits for what its containers need, without having said what is missing. Once its volumes and
 * its network are there it only pulls its image, however long that takes, and warnings about them are old.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-has-network
 */
export function isBeingPrepared(pod: PodObject): boolean {
  const prepared = pod.status?.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')
  if (prepared?.status === 'True') return false
  const preparing = (reason?: string): boolean => reason === 'ContainerCreating' || reason === 'PodInitializing'
  return pod.spec?.nodeName !== undefined && allContainers(pod).some(({ state }) => preparing(state?.waiting?.reason))
}

const PREPARATION = new Set(['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'])

/** The fault that keeps a pod from being prepared, by the warnings about it, the newest last; undefined without such a warning. */
export function preparationFault(pod: PodObject, warnings: readonly EventObject[]): StartFault | undefined {
  const warning = warnings.findLast(({ reason }) => reason !== undefined && PREPARATION.has(reason))
  if (warning?.reason === undefined) return undefined
  const message = redact(warning.message ?? '')
  const missing = /(secret|configmap) ".*" not found|references non-existent/.test(message)
  const failure = failureOf(pod, { reason: warning.reason, message })
  return { code: missing ? 'CONFIG_MISSING' : 'POD_START_FAILED', final: false, failure }
}
