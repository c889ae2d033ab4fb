/**
 * The fields of Kubernetes' objects that the local cluster itself reads, as they are in JSON (client-node's types have
 * dates for times). Other fields of an object are kept as they came.
 */

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec?: unknown
  readonly status?: unknown
}

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly lastProbeTime?: string | null
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

export interface KeySelector {
  readonly name?: string
  readonly key: string
  readonly optional?: boolean
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly secretKeyRef?: KeySelector
    readonly configMapKeyRef?: KeySelector
    readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string }
    readonly resourceFieldRef?: {
      readonly containerName?: string
      readonly resource: string
      readonly divisor?: string | number
    }
  }
}

export interface EnvFromSource {
  readonly prefix?: string
  readonly secretRef?: { readonly name?: string; readonly optional?: boolean }
  readonly configMapRef?: { readonly name?: string; readonly optional?: boolean }
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

export interface Volume {
  readonly name: string
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string | number }
  readonly hostPath?: { readonly path: string; readonly type?: string }
  readonly secret?: {
    readonly secretName?: string
    readonly items?: readonly KeyToPath[]
    readonly defaultMode?: number
    readonly optional?: boolean
  }
  readonly configMap?: {
    readonly name?: string
    readonly items?: readonly KeyToPath[]
    readonly defaultMode?: number
    readonly optional?: boolean
  }
  readonly [source: string]: unknown
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly subPathExpr?: string
  readonly readOnly?: boolean
}

/** Quantities by the name of the resource. */
export type ResourceList = Readonly<Record<string, string | number>>

export interface Resources {
  readonly limits?: ResourceList
  readonly requests?: ResourceList
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvFromSource[]
  readonly resources?: Resources
  readonly volumeMounts?: readonly VolumeMount[]
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  /** Of an init container: it is a sidecar. */
  readonly restartPolicy?: 'Always'
  readonly [field: string]: unknown
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  readonly terminationGracePeriodSeconds?: number
  readonly activeDeadlineSeconds?: number
  readonly volumes?: readonly Volume[]
  readonly hostname?: string
  readonly nodeName?: string
  readonly schedulerName?: string
  readonly schedulingGates?: readonly { readonly name: string }[]
  readonly serviceAccountName?: string
  readonly [field: string]: unknown
}

export interface TerminatedState {
  readonly exitCode: number
  readonly signal?: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly containerID?: string
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: string }
  readonly terminated?: TerminatedState
}

export interface ContainerStatus {
  readonly name: string
  readonly state: ContainerState
  readonly lastState: ContainerState
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export interface PodStatus {
  readonly phase: PodPhase
  readonly conditions?: readonly Condition[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly reason?: string
  readonly message?: string
  readonly hostIP?: string
  readonly podIP?: string
  readonly startTime?: string
  readonly qosClass?: string
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec
  readonly status: PodStatus
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> }
  readonly spec: PodSpec
}

export interface PodFailurePolicyRule {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  readonly onExitCodes?: {
    readonly containerName?: string
    readonly operator: 'In' | 'NotIn'
    readonly values: readonly number[]
  }
  readonly onPodConditions?: readonly { readonly type: string; readonly status?: string }[]
}

export interface SuccessPolicyRule {
  readonly succeededIndexes?: string
  readonly succeededCount?: number
}

export interface JobSpec {
  readonly parallelism: number
  readonly completions?: number
  readonly completionMode: 'NonIndexed' | 'Indexed'
  readonly backoffLimit: number
  readonly backoffLimitPerIndex?: number
  readonly maxFailedIndexes?: number
  readonly activeDeadlineSeconds?: number
  readonly ttlSecondsAfterFinished?: number
  readonly suspend: boolean
  /** The controller that the Job is for, when that is not the one here. */
  readonly managedBy?: string
  readonly podReplacementPolicy: 'TerminatingOrFailed' | 'Failed'
  readonly podFailurePolicy?: { readonly rules: readonly PodFailurePolicyRule[] }
  readonly successPolicy?: { readonly rules: readonly SuccessPolicyRule[] }
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly template: PodTemplate
}

export interface JobStatus {
  readonly conditions?: readonly Condition[]
  readonly startTime?: string
  readonly completionTime?: string
  readonly active?: number
  readonly succeeded?: number
  readonly failed?: number
  readonly terminating?: number
  readonly ready?: number
  readonly completedIndexes?: string
  readonly failedIndexes?: string
  readonly uncountedTerminatedPods?: Readonly<Record<string, never>>
}

export interface Job extends KubeObject {
  readonly spec: JobSpec
  readonly status: JobStatus
}

export interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly immutable?: boolean
  readonly type?: string
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}

let lastSecond = Number.NaN
let lastTime = ''

/** A time as Kubernetes writes it: whole seconds. Of one second it is one text, however many objects hold it. */
export function kubeTime(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastTime = `${new Date(ms).toISOString().slice(0, 19)}Z`
  }
  return lastTime
}
