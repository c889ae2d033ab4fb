import { TRACKING_FINALIZER, withoutFinalizer } from '../deletion/finalizers.ts'
import { requestPodDeletion } from '../deletion/pod-deletion.ts'
import { requestDeletion } from '../deletion/request-deletion.ts'
import type { EventRecorder } from '../events/event-recorder.ts'
import { accountProblem } from '../namespaces/service-accounts.ts'
import type { Job, Pod } from '../objects/objects.ts'
import { JOBS, PODS, SERVICE_ACCOUNTS } from '../store/resource-types.ts'
import type { Change, Store } from '../store/store.ts'
import { finishedAt, isFinished } from './conditions.ts'
import { decide } from './decide.ts'
import { podOf } from './job-pod.ts'
import { JobPods } from './job-pods.ts'
import { type JobMemory, NEW_MEMORY } from './situation.ts'

/** The value of `managedBy` that names this controller. It leaves the Jobs of other controllers alone. */
const OWN_NAME = 'kubernetes.io/job-controller'

/** Longest wait of a timer; a longer one looks again on the way. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Carries out the decisions of {@link decide}, whenever a Job or one of its pods changes. */
export class JobController implements Disposable {
  readonly #store: Store
  readonly #events: EventRecorder
  readonly #backoffScale: number
  readonly #memories = new Map<string, JobMemory>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #pods: JobPods
  readonly #due = new Map<string, Job>()
  readonly #stop: () => void
  #scheduled: NodeJS.Immediate | undefined

  constructor(store: Store, events: EventRecorder, backoffScale: number) {
    this.#store = store
    this.#events = events
    this.#pods = new JobPods(store)
    this.#backoffScale = backoffScale
    this.#stop = store.onChange((change) => this.#observe(change))
  }

  [Symbol.dispose](): void {
    this.#stop()
    clearImmediate(this.#scheduled)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #observe(change: Change): void {
    const { resource, type, object } = change
    if (resource === JOBS) {
      if (type === 'DELETED') this.#forget(object.metadata.uid)
      else this.#enqueue(object as Job)
    } else if (resource === SERVICE_ACCOUNTS && type === 'ADDED') {
      // Pods of its namespace may have waited for it.
      for (const job of this.#store.list<Job>(JOBS, object.metadata.namespace)) this.#enqueue(job)
    } else if (resource === PODS) {
      for (const job of this.#pods.observe(change)) this.#enqueue(job)
    }
  }

  #forget(uid: string): void {
    this.#memories.delete(uid)
    this.#pods.forget(uid)
    this.#due.delete(uid)
    clearTimeout(this.#timers.get(uid))
    this.#timers.delete(uid)
  }

  /** Looks soon: several changes in a row are one look. */
  #enqueue(job: Job): void {
    this.#due.set(job.metadata.uid, job)
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined
      const due = [...this.#due.values()]
      this.#due.clear()
      for (const { metadata } of due) {
        const current = this.#store.get<Job>(JOBS, metadata.namespace, metadata.name)
        if (current?.metadata.uid === metadata.uid) this.#sync(current)
      }
    })
  }

  #sync(job: Job): void {
    if ((job.spec.managedBy ?? OWN_NAME) !== OWN_NAME) return
    const { uid } = job.metadata
    const now = Date.now()
    const refusal = accountProblem(this.#store, job.metadata.namespace, job.spec.template.spec)
    const { status, release, remove, create, events, memory, lookAgainMs } = decide({
      job,
      pods: isFinished(job) ? this.#pods.of(job) : this.#pods.claim(job),
      memory: this.#memories.get(uid) ?? NEW_MEMORY,
      now,
      backoffScale: this.#backoffScale,
      ...(refusal !== undefined && { refusal }),
    })
    this.#memories.set(uid, memory)
    this.#store.update<Job>(JOBS, job, (current) => ({ ...current, status }))
    for (const pod of create) {
      const made = this.#store.create<Pod>(PODS, podOf(job, pod))
      // A taken name is one in fourteen million; the next look makes another pod.
      if (!made) continue
      this.#events.record('job-controller', job, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${made.metadata.name}`,
      })
    }
    for (const pod of remove) requestPodDeletion(this.#store, pod)
    for (const pod of release) withoutFinalizer(this.#store, PODS, pod, TRACKING_FINALIZER)
    for (const event of events) this.#events.record('job-controller', job, event)
    this.#lookAgain(job, lookAgainMs, now)
  }

  #lookAgain(job: Job, waitMs: number | undefined, now: number): void {
    const { uid } = job.metadata
    clearTimeout(this.#timers.get(uid))
    this.#timers.delete(uid)
    const finished = finishedAt(job)
    const { ttlSecondsAfterFinished: ttl } = job.spec
    let wait = waitMs
    if (finished !== undefined && ttl !== undefined) {
      wait = finished + ttl * 1000 - now
      if (wait <= 0) {
        // The garbage collector takes the pods with it.
        requestDeletion(this.#store, JOBS, job, { propagationPolicy: 'Background' })
        return
      }
    }
    if (wait === undefined) return
    this.#timers.set(
      uid,
      setTimeout(() => this.#enqueue(job), Math.min(Math.ceil(wait), MAX_TIMER_MS)),
    )
  }
}
