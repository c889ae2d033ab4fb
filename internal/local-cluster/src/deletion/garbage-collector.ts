import type { Pod } from '../objects/objects.ts'
import {
  CONFIG_MAPS,
  EVENTS,
  JOBS,
  NAMESPACES,
  PODS,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../store/resource-types.ts'
import type { Change, Store } from '../store/store.ts'
import { FOREGROUND_FINALIZER, TRACKING_FINALIZER, withoutFinalizer } from './finalizers.ts'
import { dependentPods, isOwnedBy } from './owners.ts'
import { requestPodDeletion } from './pod-deletion.ts'
import { requestDeletion } from './request-deletion.ts'

const OWNED: readonly ResourceType[] = [PODS, SECRETS, CONFIG_MAPS, JOBS]
/** The objects of a namespace that it waits for. Events are not among them: there are many, and nothing holds one. */
const HELD: readonly ResourceType[] = [...OWNED, SERVICE_ACCOUNTS]

/** Deletes the objects whose owner is gone, and those of a namespace that is being deleted. */
export class GarbageCollector implements Disposable {
  readonly #store: Store
  readonly #stop: () => void

  constructor(store: Store) {
    this.#store = store
    this.#stop = store.onChange((change) => this.#observe(change))
  }

  [Symbol.dispose](): void {
    this.#stop()
  }

  #observe({ resource, type, object }: Change): void {
    if (resource === NAMESPACES && type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined) {
      this.#emptyNamespace(object.metadata.name)
    }
    if (type !== 'DELETED' || resource === EVENTS) return
    const { namespace } = object.metadata
    if (resource === JOBS) this.#removeOwned(object.metadata.uid, namespace)
    if (resource === PODS) this.#finishForeground(object as Pod)
    if (namespace !== undefined) this.#removeEmptied(namespace)
  }

  #removeOwned(ownerUid: string, namespace: string | undefined): void {
    for (const type of OWNED) {
      for (const object of this.#store.list(type, namespace)) {
        const owners = object.metadata.ownerReferences ?? []
        if (!isOwnedBy(object, ownerUid) || owners.some(({ uid }) => uid !== ownerUid)) continue
        if (type === PODS) this.#removePod(object as Pod)
        else requestDeletion(this.#store, type, object, { propagationPolicy: 'Background' })
      }
    }
  }

  /** A Job that is deleted in the foreground goes when its last pod is gone. */
  #finishForeground({ metadata: { namespace, ownerReferences } }: Pod): void {
    for (const { name, uid } of ownerReferences ?? []) {
      const job = this.#store.get(JOBS, namespace, name)
      if (job?.metadata.uid !== uid || dependentPods(this.#store, job).length > 0) continue
      withoutFinalizer(this.#store, JOBS, job, FOREGROUND_FINALIZER)
    }
  }

  /** Without its Job nobody counts a pod any more, so nothing holds it for that. */
  #removePod(pod: Pod): void {
    requestPodDeletion(this.#store, pod)
    withoutFinalizer(this.#store, PODS, pod, TRACKING_FINALIZER)
  }

  #emptyNamespace(name: string): void {
    // Jobs first: they would replace their pods.
    for (const type of [JOBS, SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS]) {
      for (const object of this.#store.list(type, name)) {
        requestDeletion(this.#store, type, object, { propagationPolicy: 'Background' })
      }
    }
    for (const pod of this.#store.list<Pod>(PODS, name)) this.#removePod(pod)
    this.#removeEmptied(name)
  }

  /** A namespace that is being deleted is gone when its last object is. */
  #removeEmptied(name: string): void {
    const namespace = this.#store.get(NAMESPACES, undefined, name)
    if (namespace?.metadata.deletionTimestamp === undefined) return
    if (HELD.some((type) => this.#store.list(type, name).length > 0)) return
    for (const { metadata } of this.#store.list(EVENTS, name)) this.#store.remove(EVENTS, name, metadata.name)
    this.#store.remove(NAMESPACES, undefined, name)
  }
}
