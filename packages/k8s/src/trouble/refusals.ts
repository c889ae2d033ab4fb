import { redact } from '@internal/errors'
import type { EventObject, JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import { countsOf } from '../job/job-state.ts'
import { refOf } from './describe-pods.ts'

/**
 * Knows which of a Job's `FailedCreate` events still hold. An event counts only while no pod was made after it: events stay for
 * an hour, and a fault that has healed must not end a run that later waits for a back-off.
 *
 * The order of events and pods is seen, not computed from time stamps, which have seconds only: once a pod was made, what is there
 * counts as old, and an event counts when it is new or was repeated since. The Job controller tries again at least once a minute.
 */
export class Refusals {
  #counted = 0
  #everMade = false
  #madeSinceRead = false
  #old = new Map<string, string>()

  /** Takes note of the Job, to be called for each of its changes. */
  noteJob(job: JobObject): void {
    const { active, succeeded, failed, terminating } = countsOf(job)
    const counted = active + succeeded + failed + terminating
    if (counted > this.#counted) this.notePodMade()
    this.#counted = counted
  }

  /** Takes note that pods of the Job were seen: Kubernetes counts a failed one only when it replaces it. */
  notePodMade(): void {
    this.#everMade = true
    this.#madeSinceRead = true
  }

  /** Takes note that pods exist which were made some time before: events that were there at the first reading may be older. */
  notePodsExist(): void {
    if (!this.#everMade) this.notePodMade()
  }

  /** The messages of the refusals that hold, the newest last. `warnings` are all there are now. */
  current(warnings: readonly EventObject[]): readonly string[] {
    const refusals = warnings.filter(({ reason }) => reason === 'FailedCreate')
    if (this.#madeSinceRead) {
      this.#old = new Map(refusals.map((event) => [event.metadata.uid, repetition(event)]))
      this.#madeSinceRead = false
    }
    return refusals
      .filter((event) => this.#old.get(event.metadata.uid) !== repetition(event))
      .map(({ message = '' }) => message)
  }
}

/** Changes when an event is seen again. */
function repetition({ count, series, lastTimestamp }: EventObject): string {
  return [series?.count ?? count, series?.lastObservedTime ?? lastTimestamp].join()
}

/** Whether a pod was refused by the namespace's Pod Security level, which no waiting changes. */
export function isPodSecurity(message: string): boolean {
  return message.includes('violates PodSecurity')
}

/** Whether a pod was refused by a quota, which other work's end changes. */
export function isQuota(message: string): boolean {
  return message.includes('exceeded quota')
}

/** The error for a Job whose pods Kubernetes refuses to create. */
export function refusedPods(job: JobObject, message: string): JobFailedError {
  const ref = refOf(job)
  const words = redact(message)
  return new JobFailedError({
    code: 'POD_REFUSED',
    message: `Kubernetes creates no pods for Job ${ref.namespace}/${ref.name}: ${words}`,
    hint: isPodSecurity(words)
      ? "The namespace enforces a Pod Security level: use podSecurity 'restricted'."
      : 'The message is Kubernetes’ own: create or correct what it names.',
    job: { ...ref, reason: 'FailedCreate', pods: [] },
  })
}
