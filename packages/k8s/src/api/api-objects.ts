/** The slices of Kubernetes' objects that are read here, as they come over the wire: times are texts. */

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly managedFields?: readonly ManagedFields[]
}

/** Which fields a client has set. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
export interface ManagedFields {
  readonly manager?: string
  readonly subresource?: string
  readonly time?: string
  readonly fieldsV1?: Readonly<Record<string, unknown>>
}

export interface KubeObject {
  readonly metadata: ObjectMeta
}

export interface KubeList<Item> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly Item[]
}

export interface JobCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface JobObject extends KubeObject {
  readonly spec: {
    readonly completions?: number
    readonly parallelism?: number
    readonly completionMode?: string
    readonly suspend?: boolean
    readonly managedBy?: string
    readonly template: {
      readonly spec: { readonly restartPolicy?: string; readonly terminationGracePeriodSeconds?: number }
    }
  }
  readonly status?: {
    readonly conditions?: readonly JobCondition[]
    readonly startTime?: string
    readonly completionTime?: string
    readonly active?: number
    readonly ready?: number
    readonly succeeded?: number
    readonly failed?: number
    readonly terminating?: number
  }
}

export interface ContainerTerminated {
  readonly startedAt?: string | null
  readonly finishedAt?: string | null
  readonly exitCode: number
  readonly signal?: number
  readonly reason?: string
  readonly message?: string
}

export interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly running?: { readonly startedAt?: string }
    readonly terminated?: ContainerTerminated
  }
  readonly lastState?: { readonly terminated?: ContainerTerminated }
}

export interface PodObject extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string
    readonly restartPolicy?: string
    readonly schedulerName?: string
    readonly schedulingGates?: readonly { readonly name: string }[]
    readonly containers?: readonly { readonly name: string }[]
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[]
  }
  readonly status?: {
    readonly conditions?: readonly JobCondition[]
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

export interface EventObject extends KubeObject {
  readonly reason?: string
  readonly message?: string
  readonly type?: string
  /** How often it was seen. */
  readonly count?: number
  readonly eventTime?: string | null
  readonly lastTimestamp?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
}

/** An error in Kubernetes' own form. */
export interface StatusObject {
  readonly kind: 'Status'
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: {
    readonly name?: string
    readonly kind?: string
    readonly retryAfterSeconds?: number
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[]
  }
}
