import type { EventRecorder } from '../events/event-recorder.ts'
import { type Condition, kubeTime, type Pod } from '../objects/objects.ts'
import { PODS } from '../store/resource-types.ts'
import type { Change, Store } from '../store/store.ts'

/** The name of the cluster's one node. */
export const NODE_NAME = 'local'

/** The value of `schedulerName` of the pods that this scheduler places. Other pods wait for a scheduler of their own. */
const OWN_NAME = 'default-scheduler'

/** Gives every pod the node, unless a scheduling gate holds it back. */
export class Scheduler implements Disposable {
  readonly #store: Store
  readonly #events: EventRecorder
  readonly #stop: () => void
  #disposed = false

  constructor(store: Store, events: EventRecorder) {
    this.#store = store
    this.#events = events
    this.#stop = store.onChange((change) => this.#observe(change))
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#stop()
  }

  #observe({ resource, type, object }: Change): void {
    if (resource !== PODS || type === 'DELETED' || !waits(object as Pod)) return
    // Not within the change that made the pod: its creator has not finished.
    setImmediate(() => {
      const { namespace, name, uid } = object.metadata
      const current = this.#store.get<Pod>(PODS, namespace, name)
      if (!this.#disposed && current?.metadata.uid === uid && waits(current)) this.#place(current)
    })
  }

  #place(pod: Pod): void {
    const { schedulingGates = [] } = pod.spec
    if (schedulingGates.length > 0) {
      const message = 'Scheduling is blocked due to non-empty scheduling gates'
      this.#store.update<Pod>(PODS, pod, (current) =>
        scheduled(current, 'False', { reason: 'SchedulingGated', message }),
      )
      return
    }
    const bound = this.#store.update<Pod>(PODS, pod, (current) =>
      scheduled({ ...current, spec: { ...current.spec, nodeName: NODE_NAME } }, 'True'),
    )
    if (!bound) return
    const { namespace, name } = bound.metadata
    const message = `Successfully assigned ${namespace}/${name} to ${NODE_NAME}`
    this.#events.record('default-scheduler', bound, { type: 'Normal', reason: 'Scheduled', message })
  }
}

function waits({ metadata, spec }: Pod): boolean {
  const { nodeName, schedulerName = OWN_NAME } = spec
  return nodeName === undefined && metadata.deletionTimestamp === undefined && schedulerName === OWN_NAME
}

/** The pod with its condition PodScheduled; the same pod when that says so already. */
function scheduled(pod: Pod, status: Condition['status'], why: Pick<Condition, 'reason' | 'message'> = {}): Pod {
  const { conditions = [] } = pod.status
  if (conditions.some((each) => each.type === 'PodScheduled' && each.status === status)) return pod
  const condition: Condition = {
    type: 'PodScheduled',
    status,
    lastProbeTime: null,
    lastTransitionTime: kubeTime(Date.now()),
    ...why,
  }
  const others = conditions.filter(({ type }) => type !== 'PodScheduled')
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } }
}
