/** Something keeps a run, or a part of it, from going on. */
export interface StuckEvent {
  /**
   * - `Unschedulable`: no node has room for a pod.
   * - `SchedulingGated`: a pod has scheduling gates that nobody has removed.
   * - `NotScheduled`: no scheduler has placed a pod.
   * - `QuotaExceeded`, `PodRefused`: Kubernetes creates no more pods.
   * - `NotStarting`: a pod's image, Secret or volume is missing.
   * - `HeldBySidecar`: a worker has ended, and another container keeps its pod running.
   * - `NodeLost`: pods are being ended, and do not end.
   * - `Suspended`: the Job is suspended; the message says by whom.
   * - `Deleting`: the Job is being deleted; the message names its finalizers.
   * - `WorkerWaiting`: pods run, but a worker says that it waits, such as for the broker.
   * - `Drained`: the queue is empty, and the pods neither end nor fail.
   * - `NotMoving`: nothing moves for another reason; the message has everything that the Job and a pod say.
   */
  readonly reason:
    | 'Unschedulable'
    | 'SchedulingGated'
    | 'NotScheduled'
    | 'QuotaExceeded'
    | 'PodRefused'
    | 'NotStarting'
    | 'HeldBySidecar'
    | 'NodeLost'
    | 'Suspended'
    | 'Deleting'
    | 'WorkerWaiting'
    | 'Drained'
    | 'NotMoving'
  /** Kubernetes' own words about it, or what was seen. */
  readonly message: string
  /** A pod that it concerns, if it concerns one. */
  readonly pod?: string
}
