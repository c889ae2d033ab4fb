import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../objects/objects.ts'
import { NODE_NAME } from '../scheduler/scheduler.ts'
import { CONFIG_MAPS, PODS, SECRETS } from '../store/resource-types.ts'
import type { Change } from '../store/store.ts'
import { runIdOf } from './container-run.ts'
import type { PodSurroundings } from './pod-surroundings.ts'
import { PodWorker } from './pod-worker.ts'
import { messageFolder } from './termination.ts'

/** Gives every pod of the node a worker, and tells it when its pod is to end. */
export class Kubelet implements Disposable {
  readonly #around: PodSurroundings
  readonly #workers = new Map<string, PodWorker>()
  readonly #stop: () => void

  constructor(around: PodSurroundings) {
    this.#around = around
    mkdirSync(messageFolder(around.folder), { mode: 0o700 })
    this.#stop = around.store.onChange((change) => this.#observe(change))
  }

  /** Calls back on output of one run of a container, and when it ends. Returns how to stop that. */
  follow(pod: Pod, container: string, run: number, onOutput: () => void): () => void {
    return this.#around.supervisor.follow(runIdOf(pod, container, run), onOutput)
  }

  isRunning(pod: Pod, container: string, run: number): boolean {
    return this.#around.supervisor.isRunning(runIdOf(pod, container, run))
  }

  [Symbol.dispose](): void {
    this.#stop()
    for (const worker of this.#workers.values()) worker.kill()
    this.#workers.clear()
  }

  #observe({ resource, type, object, previous }: Change): void {
    if (resource === SECRETS || resource === CONFIG_MAPS) {
      if (type !== 'DELETED') for (const worker of this.#workers.values()) worker.retryConfig()
    } else if (resource === PODS) {
      const { uid, deletionTimestamp, deletionGracePeriodSeconds } = object.metadata
      const pod = object as Pod
      if (isNew(pod, previous as Pod | undefined)) {
        const worker = new PodWorker(pod, this.#around)
        this.#workers.set(uid, worker)
        // Not within the change that brought the pod: its author has not finished.
        setImmediate(() => worker.start())
      } else if (type === 'DELETED') {
        this.#workers.get(uid)?.kill()
        this.#workers.delete(uid)
        for (const kind of ['logs', 'pods']) {
          rmSync(join(this.#around.folder, kind, uid), { recursive: true, force: true })
        }
      } else if (this.#workers.get(uid)?.isOver) {
        // An ended pod may stay for long; there is nothing left to do for it.
        this.#workers.delete(uid)
      } else if (deletionTimestamp !== undefined) {
        const before = previous?.metadata.deletionGracePeriodSeconds
        if (before === deletionGracePeriodSeconds) return
        this.#workers.get(uid)?.stop(deletionGracePeriodSeconds ?? 0)
      }
    }
  }
}

/** Whether this change gave the pod to the node. */
function isNew({ spec, status }: Pod, previous: Pod | undefined): boolean {
  return spec.nodeName === NODE_NAME && status.phase === 'Pending' && previous?.spec.nodeName !== NODE_NAME
}
