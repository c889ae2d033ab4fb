import { TRACKING_FINALIZER } from '../deletion/finalizers.ts'
import { disown } from '../deletion/owners.ts'
import type { Job, Pod } from '../objects/objects.ts'
import { JOBS, PODS } from '../store/resource-types.ts'
import type { Change, Store } from '../store/store.ts'
import { jobReference } from './job-pod.ts'
import { isEnded, isTracked } from './pod-facts.ts'

/**
 * Knows which pods belong to which Job, so that a look at one Job does not read through every pod. A pod without a
 * controller that has the labels of a Job's selector is adopted. A pod that has lost them is released:
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export class JobPods {
  readonly #store: Store
  /** Pods that matter to their Job, by the uid of the Job. */
  readonly #owned = new Map<string, Map<string, Pod>>()
  /** Pods without a controller, by their uids. */
  readonly #orphans = new Map<string, Pod>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Takes note of a changed pod. Returns the Jobs that it concerns. */
  observe({ type, object, previous }: Change): readonly Job[] {
    const pod = object as Pod
    const { uid } = pod.metadata
    const owner = controllerOf(pod)
    const before = previous && controllerOf(previous as Pod)
    if (before && before.uid !== owner?.uid) this.#drop(before.uid, uid)
    // A pod that has ended and is counted changes nothing any more: a look costs as much as there are pods under way.
    const over = isEnded(pod) && !isTracked(pod)
    if (owner && (type === 'DELETED' || over)) this.#drop(owner.uid, uid)
    else if (owner) this.#keep(owner.uid, pod)
    if (owner || type === 'DELETED') this.#orphans.delete(uid)
    else this.#orphans.set(uid, pod)
    const named = [owner, before].flatMap((reference) => {
      const job = reference && this.#store.get<Job>(JOBS, pod.metadata.namespace, reference.name)
      return job?.metadata.uid === reference?.uid && job ? [job] : []
    })
    if (owner || type === 'DELETED') return named
    return [...named, ...this.#store.list<Job>(JOBS, pod.metadata.namespace).filter((job) => selects(job, pod))]
  }

  of({ metadata: { uid } }: Job): Pod[] {
    return [...(this.#owned.get(uid)?.values() ?? [])]
  }

  /** Adopts and releases pods of a Job as its selector says. Returns those that it owns then. */
  claim(job: Job): Pod[] {
    const { uid, namespace, deletionTimestamp } = job.metadata
    // A Job that is being deleted adopts no pod and releases none.
    if (deletionTimestamp === undefined) {
      for (const pod of [...this.#orphans.values()]) {
        const fits = pod.metadata.namespace === namespace && pod.metadata.deletionTimestamp === undefined
        if (fits && selects(job, pod)) this.#adopt(job, pod)
      }
      for (const pod of this.of(job)) {
        if (selects(job, pod)) continue
        disown(this.#store, pod, uid)
        this.#drop(uid, pod.metadata.uid)
      }
    }
    return this.of(job)
  }

  forget(jobUid: string): void {
    this.#owned.delete(jobUid)
  }

  #adopt(job: Job, orphan: Pod): void {
    const adopted = this.#store.update<Pod>(PODS, orphan, (pod) => {
      const { ownerReferences = [], finalizers = [], ...metadata } = pod.metadata
      return {
        ...pod,
        metadata: {
          ...metadata,
          ownerReferences: [...ownerReferences, jobReference(job)],
          finalizers: [...finalizers.filter((each) => each !== TRACKING_FINALIZER), TRACKING_FINALIZER],
        },
      }
    })
    this.#orphans.delete(orphan.metadata.uid)
    if (adopted) this.#keep(job.metadata.uid, adopted)
  }

  #keep(jobUid: string, pod: Pod): void {
    const pods = this.#owned.get(jobUid) ?? new Map<string, Pod>()
    this.#owned.set(jobUid, pods.set(pod.metadata.uid, pod))
  }

  #drop(jobUid: string, podUid: string): void {
    const pods = this.#owned.get(jobUid)
    pods?.delete(podUid)
    if (pods?.size === 0) this.#owned.delete(jobUid)
  }
}

function controllerOf({ metadata }: Pod) {
  return metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === 'Job')
}

function selects({ spec }: Job, { metadata }: Pod): boolean {
  return Object.entries(spec.selector.matchLabels).every(([name, value]) => metadata.labels?.[name] === value)
}
