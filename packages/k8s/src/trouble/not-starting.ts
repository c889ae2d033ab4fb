import type { JobObject } from '../api/api-objects.ts'
import { JobFailedError } from '../job/job-failed-error.ts'
import type { StartFault } from '../pods/start-fault.ts'
import { refOf } from './describe-pods.ts'
import type { StuckEvent } from './stuck-event.ts'

/** A pod that does not start. */
export interface NotStarting {
  readonly uid: string
  readonly fault: StartFault
}

/** For how long pods have not started, by a clock that never jumps. */
export class StartFaults {
  readonly #since = new Map<string, number>()

  /** Takes note of the faults; returns the first whose time is over: at once for a fault that only a changed Job heals. */
  note(pods: readonly NotStarting[], { now, graceMs }: { now: number; graceMs: number }): StartFault | undefined {
    const there = new Set(pods.map(({ uid }) => uid))
    for (const uid of this.#since.keys()) if (!there.has(uid)) this.#since.delete(uid)
    let over: StartFault | undefined
    for (const { uid, fault } of pods) {
      const since = this.#since.get(uid) ?? now
      this.#since.set(uid, since)
      if (fault.final || now - since >= graceMs) over ??= fault
    }
    return over
  }
}

/** The event for a pod that does not start. */
export function notStartingEvent({ failure }: StartFault): StuckEvent {
  return { reason: 'NotStarting', message: failure.message || (failure.reason ?? ''), pod: failure.name }
}

/** The error for pods that do not start. */
export function notStarting(job: JobObject, pods: readonly NotStarting[], first: StartFault): JobFailedError {
  const ref = refOf(job)
  const { name, container, reason = '', message = '' } = first.failure
  const where = container === undefined ? name : `${name}, container ${container}`
  return new JobFailedError({
    code: first.code,
    message: `Pods of Job ${ref.namespace}/${ref.name} do not start: ${where}: ${[reason, message].filter(Boolean).join(': ')}`,
    hint: HINTS[first.code],
    job: { ...ref, reason, pods: pods.slice(0, 20).map(({ fault }) => fault.failure) },
  })
}

const HINTS: Readonly<Record<StartFault['code'], string>> = {
  IMAGE_UNAVAILABLE: 'Check the image’s name and tag, `imagePullSecrets`, and whether the nodes reach its registry.',
  CONFIG_MISSING: 'Create the Secret or ConfigMap that is named, with that key, in the Job’s namespace.',
  POD_START_FAILED:
    'The message is the node’s own. An image whose user is root, or has a name instead of a number, cannot be checked against `runAsNonRoot`: use podSecurity `baseline` or give its user by number.',
}
