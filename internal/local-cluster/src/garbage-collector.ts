import type { Pod } from './objects.ts'
import { requestPodDeletion, withoutFinalizer } from './pod-deletion.ts'
import {
  CONFIG_MAPS,
  EVENTS,
  JOBS,
  NAMESPACES,
  PODS,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
} from './store/resource-types.ts'
import type { Change, Store } from './store/store.ts'

/** Holds an object until what it owns is gone. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion'

const OWNED: readonly ResourceType[] = [PODS, SECRETS, CONFIG_MAPS, JOBS]

/** Takes away what belonged to an object that is gone, and what is in a namespace that is. */
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
    if (type !== 'DELETED') return
    const { namespace } = object.metadata
    if (resource === JOBS) this.#removeOwned(object.metadata.uid, namespace)
    if (resource === PODS) this.#finishForeground(object as Pod)
    if (namespace !== undefined) this.#removeEmptied(namespace)
  }

  #removeOwned(ownerUid: string, namespace: string | undefined): void {
    for (const type of OWNED) {
      for (const object of this.#store.list(type, namespace)) {
        const owners = object.metadata.ownerReferences ?? []
        if (!owners.some(({ uid }) => uid === ownerUid) || owners.some(({ uid }) => uid !== ownerUid)) continue
        if (type === PODS) this.#removePod(object as Pod)
        else this.#store.remove(type, namespace, object.metadata.name)
      }
    }
  }

  /** A Job that is deleted in the foreground goes when its last pod is gone. */
  #finishForeground({ metadata: { namespace, ownerReferences } }: Pod): void {
    for (const { name, uid } of ownerReferences ?? []) {
      const job = this.#store.get(JOBS, namespace, name)
      if (job?.metadata.uid !== uid || !job.metadata.finalizers?.includes(FOREGROUND_FINALIZER)) continue
      const owned = this.#store
        .list(PODS, namespace)
        .some(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
      if (!owned) this.#store.remove(JOBS, namespace, name)
    }
  }

  /** A pod that nobody will count any more is not held for it. */
  #removePod(pod: Pod): void {
    requestPodDeletion(this.#store, pod)
    for (const finalizer of pod.metadata.finalizers ?? []) withoutFinalizer(this.#store, PODS, pod, finalizer)
  }

  #emptyNamespace(name: string): void {
    for (const type of [JOBS, SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, EVENTS]) {
      for (const { metadata } of this.#store.list(type, name)) this.#store.remove(type, name, metadata.name)
    }
    for (const pod of this.#store.list<Pod>(PODS, name)) this.#removePod(pod)
    this.#removeEmptied(name)
  }

  /** A namespace that is being deleted is gone when its last pod is. */
  #removeEmptied(name: string): void {
    const namespace = this.#store.get(NAMESPACES, undefined, name)
    if (namespace?.metadata.deletionTimestamp === undefined || this.#store.list(PODS, name).length > 0) return
    this.#store.remove(NAMESPACES, undefined, name)
  }
}
