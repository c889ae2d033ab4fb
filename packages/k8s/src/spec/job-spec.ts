import type {
  V1EnvVarSource,
  V1Job,
  V1ResourceRequirements,
  V1Toleration,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node'

/** Where the pods find their queue. */
export type QueueSpec = QueueByUrl | QueueBySecret

/** The broker's address, which podqueue puts into a Secret of the run's own: it is never in the Job. */
export interface QueueByUrl {
  /** The queue's name, as given to `enqueue`. */
  readonly name: string
  /**
   * The broker's address as the pods reach it, such as `amqp://user:password@rabbitmq-service:5672`. A loopback
   * address would be the pod itself: it is refused, unless the cluster itself is on loopback.
   */
  readonly podUrl: string
}

/** The broker's address is in a Secret that is already there. */
export interface QueueBySecret {
  /** The queue's name, as given to `enqueue`. */
  readonly name: string
  /** The Secret in the Job's namespace and its key whose value is the address. */
  readonly urlFrom: { readonly secret: string; readonly key: string }
}

/** Settings of the worker in each pod, which gets them as `PODQUEUE_*` variables. The worker decides what is left out. */
export interface WorkerSettings {
  /** The number of items that a pod handles at the same time, when it takes several. From 1 to 65535. Default: the worker's, 1. */
  readonly concurrency?: number | undefined
  /** On an empty queue a worker exits or waits for items. Default: the worker's, 'exit'. */
  readonly empty?: 'exit' | 'wait' | undefined
  /** Milliseconds without a delivery before the worker asks whether the queue is empty. From 1. Default: the worker's, 200. */
  readonly emptyCheckDelayMs?: number | undefined
  /** Milliseconds that a worker waits at most while other workers hold items. More than 24000. Default: the worker's, 30000. */
  readonly idleTimeoutMs?: number | undefined
}

/** A Job over a work queue. */
export interface JobSpec {
  /** The Job's name: a DNS label, at most 63 characters less what the pods' names add. */
  readonly name: string
  /** Default: that of {@link ClientOptions}, else of the kubeconfig's context, else `default`. */
  readonly namespace?: string | undefined
  /** The image that holds the worker. */
  readonly image: string
  /** The number of items in the queue; `enqueue` returns it as `confirmed`. */
  readonly items: number
  /**
   * The number of items that each pod takes. `1`: a pod for each item. A number: as many pods as it needs. `'all'`: pods that go
   * on until the queue is empty, `parallelism` of them. Told to the worker as `PODQUEUE_ITEMS`. Default: 1.
   */
  readonly itemsPerPod?: number | 'all' | undefined
  /** The number of pods that run at the same time. Default: 1. */
  readonly parallelism?: number | undefined
  /** The queue, and how pods reach its broker. */
  readonly queue: QueueSpec
  /** The behaviour of podqueue's worker. */
  readonly worker?: WorkerSettings | undefined
  /** Replaces the image's entrypoint. Default: the image's. */
  readonly command?: readonly string[] | undefined
  /** Replaces the image's arguments. `$(QUEUE)` in it is the variable's value. Default: the image's. */
  readonly args?: readonly string[] | undefined
  /**
   * Variables of the container: a value, or a source in Kubernetes' own form (`{ secretKeyRef: { name, key } }`).
   * `BROKER_URL`, `QUEUE` and `PODQUEUE_*` are podqueue's. A password belongs in a Secret: `kubectl describe` prints values.
   */
  readonly env?: Readonly<Record<string, string | V1EnvVarSource>> | undefined
  /** Requests and limits of each pod's container. Default: none. */
  readonly resources?: V1ResourceRequirements | undefined
  /** Volumes of the pods. Default: none. */
  readonly volumes?: readonly V1Volume[] | undefined
  /** Where the container sees them. Default: nowhere. */
  readonly volumeMounts?: readonly V1VolumeMount[] | undefined
  /** Labels of the Job and its pods, besides podqueue's `app.kubernetes.io/managed-by`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Annotations of the Job and its pods. Those beginning with `podqueue/` are podqueue's. */
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Default: the namespace's `default`; its token is not mounted into the pods. */
  readonly serviceAccountName?: string | undefined
  /** Default: Kubernetes' (Always for `:latest` and no tag, else IfNotPresent). */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined
  /** Names of Secrets with which the image is pulled. Default: none. */
  readonly imagePullSecrets?: readonly string[] | undefined
  /** Labels that a node must have. Default: none. */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined
  /** Taints of nodes that the pods tolerate. Default: none. */
  readonly tolerations?: readonly V1Toleration[] | undefined
  /**
   * `'baseline'`: no privilege escalation, no capabilities, seccomp RuntimeDefault, no service account token; the image's own
   * user, so that ordinary images run unchanged. `'restricted'`: what the Pod Security level of that name asks for; also not
   * root, uid 65532, gid 0, `HOME=/tmp`. As that user most images' working directories cannot be written. Default: 'baseline'.
   */
  readonly podSecurity?: 'baseline' | 'restricted' | undefined
  /**
   * `$<SERVICE>_SERVICE_HOST` variables for every Service in the namespace. Without them a namespace with thousands of
   * Services starts pods at its usual speed. Default: false.
   */
  readonly serviceLinks?: boolean | undefined
  /**
   * Milliseconds after which Kubernetes removes the finished Job, its pods and its Secret, rounded up to whole seconds.
   * Default: 86400000, a day.
   */
  readonly ttlMs?: number | undefined
  /** Milliseconds after which Kubernetes ends the Job as failed, also when the client is gone. Default: never. */
  readonly deadlineMs?: number | undefined
  /**
   * `'Indexed'`: a failed pod delays the start of its replacement only. `'NonIndexed'` is the tutorial's form: after
   * failures the Job as a whole starts no pod for 10 s, 20 s, 40 s … 10 min; eight pods that fail at once, as on a
   * broker's restart, are ten minutes without a pod. Default: 'Indexed'.
   */
  readonly completionMode?: 'Indexed' | 'NonIndexed' | undefined
  /**
   * `'Never'`: a failed pod stays, with its log, and a new one takes over. `'OnFailure'` restarts the container in its pod: the
   * log of a failed attempt is soon gone, failures count against the Job as a whole, and Kubernetes deletes the
   * running pods, in mid-item, when it gives a Job up. Default: 'Never'.
   */
  readonly restartPolicy?: 'Never' | 'OnFailure' | undefined
  /**
   * Lets Kubernetes itself end the Job as failed when one worker exits with 64, 77 or 78, also when nobody waits for it. It
   * has a price: the pods that run are ended, in mid-item, and a pod that is being ended is replaced only when it has
   * ended, which on a node that is lost is never. Without it the wait does the same. Default: false.
   */
  readonly failFast?: boolean | undefined
  /** A last change to the Job, for what has no option here: change the object in place or return another. */
  readonly template?: (job: V1Job) => V1Job | undefined
}
