import { isEnded, isTracked } from './job-controller/pod-facts.ts'
import type { Pod } from './objects.ts'
import { requestPodDeletion } from './pod-deletion.ts'
import { PODS } from './store/resource-types.ts'
import type { Change, Store } from './store/store.ts'

/**
 * Kubernetes keeps 12,500 of a whole cluster (`terminated-pod-gc-threshold`); fewer let a long run take no more memory than
 * a short one.
 */
const KEPT = 500

/** Takes away the oldest pods that have ended and are counted, when there are too many of them. */
export class FinishedPods implements Disposable {
  readonly #store: Store
  readonly #finished = new Map<string, Pod>()
  readonly #stop: () => void

  constructor(store: Store) {
    this.#store = store
    this.#stop = store.onChange((change) => this.#observe(change))
  }

  [Symbol.dispose](): void {
    this.#stop()
  }

  #observe({ resource, type, object }: Change): void {
    if (resource !== PODS) return
    const pod = object as Pod
    if (type === 'DELETED') this.#finished.delete(pod.metadata.uid)
    else if (isEnded(pod) && !isTracked(pod)) this.#finished.set(pod.metadata.uid, pod)
    if (this.#finished.size <= KEPT) return
    const [oldest] = this.#finished.values()
    if (oldest) requestPodDeletion(this.#store, oldest)
  }
}
