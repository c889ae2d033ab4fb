/** The end of a pod, or its state when it was last seen. */
export type PodOutcome =
  /** It ended well. */
  | 'succeeded'
  /** It ended by itself, and not well: `exitCode` and `reason` say how. */
  | 'failed'
  /** Something outside of the Job ended it: a node short of memory or disk, a preemption, the eviction API, a drained node. */
  | 'evicted'
  /** It was told to end on a node that does not answer. */
  | 'lost'
  /** It was told to end before its work was done: by a suspension, by the end of the Job, or by somebody. */
  | 'deleted'
  /** It ran when it was last seen. */
  | 'running'
  /** It had not started when it was last seen. */
  | 'pending'

/** A pod in a {@link Timeline}. Times are ISO 8601 in the server's time, in whole seconds. */
export interface TimelinePod {
  readonly name: string
  /** The number of the sweep that it belongs to; 0 is the first Job. */
  readonly sweep: number
  /** Left out while it has no node. */
  readonly node?: string
  /** Which of the completions, when the Job is Indexed. */
  readonly index?: number
  /** Which attempt at its index it is, from 1. Left out when the Job is not Indexed. */
  readonly attempt?: number
  /** How often its worker was started again in the same pod, as with `restartPolicy: OnFailure`. Left out when never. */
  readonly restarts?: number
  readonly createdAt: string
  /** When it got its node. */
  readonly scheduledAt?: string
  /** When its worker started, the last time. Left out when it never did. */
  readonly startedAt?: string
  /** When its worker ended, or Kubernetes ended the pod. Left out while that is not known. */
  readonly finishedAt?: string
  /** When it was told to end. Left out when it was not. */
  readonly deletedAt?: string
  readonly outcome: PodOutcome
  /** The exit code of the container that the attempt failed by, or of a worker that was told to end. */
  readonly exitCode?: number
  /** Kubernetes' word for a failure, such as `Error`, `OOMKilled` or `Evicted`. */
  readonly reason?: string
  /** The container that failed when it is not the worker. */
  readonly container?: string
  /** The termination message, at most 500 characters. Passwords in addresses are replaced. */
  readonly message?: string
}

/** A Job in a {@link Timeline}, as it was last seen. */
export interface TimelineJob {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** 0 is the first Job; the others ran over what it left. */
  readonly sweep: number
  readonly createdAt?: string
  /** When it first started. */
  readonly startedAt?: string
  readonly endedAt?: string
  /** Also when Kubernetes has decided it, before the last pods have ended. `unfinished`: it had not when it was last seen. */
  readonly outcome: 'complete' | 'failed' | 'unfinished'
  /** Kubernetes' word for a failure, such as `BackoffLimitExceeded`. */
  readonly reason?: string
  readonly completions: number
  readonly parallelism: number
  /** Pods that succeeded, by the Job's own count. */
  readonly succeeded: number
  /** Attempts that failed, by the Job's own count. */
  readonly failed: number
  /** The least number of pods that have ended, by the Job's own count, and were gone when the pods were read. */
  readonly podsMissing: number
}

/** The items of a run at one time, by this machine's clock. */
export interface TimelineItems {
  readonly at: string
  /** Items that waited in the queue. */
  readonly ready: number
  /** Consumers of the queue: each may have held `itemsPerConsumer` items. */
  readonly consumers: number
  /** Messages in the dead-letter queue; left out when that is not known. */
  readonly deadLetters?: number
}

/** The error that ended a run, by this machine's clock. */
export interface TimelineError {
  readonly at: string
  /** Its `code`, such as `JOB_FAILED` or `ABORTED`. */
  readonly code: string
  /** Its first line, at most 500 characters. */
  readonly message: string
}

/** Something that happened to the run, by this machine's clock. */
export interface TimelineEvent {
  readonly at: string
  /** The reason of a `stuck` event, or `Reconnected`. */
  readonly reason: string
  /** In words, at most 500 characters. */
  readonly message: string
}

/**
 * A run over time, for `renderTimeline` of `@podqueue/k8s/report`. Plain data: it can be stored and sent.
 *
 * The pods are read from Kubernetes when the Job ends, and while pods are being ended. A pod that was deleted in between is not
 * in it: `podsMissing` of its Job counts those.
 */
export interface Timeline {
  /** The Job, then its sweeps, in order. */
  readonly jobs: readonly TimelineJob[]
  /** At most 2000, by the time of their creation. */
  readonly pods: readonly TimelinePod[]
  /** Set when there were more pods than are listed: then `pods` has the failures first, and of the others a regular sample. */
  readonly sampledFrom?: number
  /** Readings of the queue, in order, at most 1000. Empty without the option `queue`. A run that was restarted has those since then. */
  readonly items: readonly TimelineItems[]
  /** Items that were in the queue at the first start of the run, also of one that was restarted; left out when not known. */
  readonly itemsAtStart?: number
  /** The number of items that a consumer may hold at the same time; left out when it is 1, or not known. */
  readonly itemsPerConsumer?: number
  /** At most 100, the first ones. */
  readonly events: readonly TimelineEvent[]
  /** The error that carries this timeline. Left out of a result. */
  readonly endedBy?: TimelineError
  /** Why the pods, or some of them, could not be read. Left out when they were. */
  readonly unreadable?: string
}
