import type { JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { HeldPod } from '../pods/held-pod.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

const NAMED = 20

/** For how long pods have been held after their workers' end, by a clock that never jumps. */
export class HeldPods {
  readonly #since = new Map<string, number>()

  /**
   * Takes note of the held pods.
   *
   * @returns `some`: held long enough to tell of, since a sidecar may take a moment to end; `over`: held for the grace
   */
  note(
    held: readonly HeldPod[],
    { now, graceMs }: { now: number; graceMs: number },
  ): { readonly some: readonly HeldPod[]; readonly over: readonly HeldPod[] } {
    const there = new Set(held.map(({ uid }) => uid))
    for (const uid of this.#since.keys()) if (!there.has(uid)) this.#since.delete(uid)
    for (const { uid } of held) if (!this.#since.has(uid)) this.#since.set(uid, now)
    const heldFor = (ms: number): readonly HeldPod[] =>
      held.filter(({ uid }) => now - (this.#since.get(uid) ?? now) >= ms)
    return { some: heldFor(graceMs / 4), over: heldFor(graceMs) }
  }
}

/** The event for a pod that another container holds. */
export function heldEvent(held: HeldPod): StuckEvent {
  return { reason: 'HeldBySidecar', message: wordsFor(held), pod: held.pod }
}

/** The error for a Job whose workers have ended while other containers keep all their pods running. */
export function podNotEnding(job: JobObject, held: readonly HeldPod[]): JobFailedError {
  const ref = refOf(job)
  const [first] = held
  return new JobFailedError({
    code: 'POD_NOT_ENDING',
    message: `Pods of Job ${ref.namespace}/${ref.name} do not end: ${first === undefined ? '' : wordsFor(first)}`,
    hint: 'Make that container a native sidecar: an init container with restartPolicy Always, which Kubernetes ends after the worker. Or let it end by itself when the worker has ended.',
    job: {
      ...ref,
      reason: 'HeldBySidecar',
      pods: held.slice(0, NAMED).map(({ pod, exitCode }) => ({ name: pod, exitCode, reason: 'HeldBySidecar' })),
    },
  })
}

function wordsFor({ pod, exitCode, containers }: HeldPod): string {
  const names =
    containers.length === 1 ? `container ${containers[0]} keeps` : `containers ${containers.join(', ')} keep`
  return `in pod ${pod} the worker has ended (exit ${exitCode}), but ${names} running`
}
