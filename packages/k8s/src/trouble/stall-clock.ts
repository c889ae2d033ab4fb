import type { JobObject } from '../api/api-objects.ts'
import { countsOf, isDeleting, isSuspended } from '../job/job-state.ts'

/** For how long, in milliseconds, a Job has been in a state that may mean trouble; 0 when it is not in it. */
export interface Clock {
  /** Whether the counts are not those of the last look. */
  readonly changed: boolean
  readonly unchangedMs: number
  /** Pods are wanted and not ready, or there are none at all, and none has become ready or succeeded meanwhile. */
  readonly waitingMs: number
  /** Fewer pods than wanted are there. */
  readonly missingMs: number
  /** Not a single pod is ready, and nothing has moved. */
  readonly nothingReadyMs: number
  /** Pods are being ended, and no other is there. */
  readonly terminatingOnlyMs: number
  /** The Job itself is being deleted. */
  readonly deletingMs: number
  readonly suspendedMs: number
}

type State = 'waiting' | 'missing' | 'nothingReady' | 'terminatingOnly' | 'deleting' | 'suspended'

/** Keeps the time by a clock that never jumps: what it is given is `performance.now()`, not the time of day. */
export class StallClock {
  readonly #since = new Map<State, number>()
  #counts = ''
  #changedAt = 0
  #ready = 0
  #succeeded = 0

  note(job: JobObject, now: number): Clock {
    const { completions, active, ready, succeeded, failed, terminating } = countsOf(job)
    const suspended = isSuspended(job)
    const counts = [active, ready, succeeded, failed, terminating, suspended].join()
    const changed = counts !== this.#counts
    if (changed) this.#changedAt = now
    this.#counts = counts
    // Of a run that goes on some pod is always just starting: that is no reason to look at it.
    const progressed = ready > this.#ready || succeeded > this.#succeeded
    this.#ready = ready
    this.#succeeded = succeeded
    const none = active === 0 && terminating === 0
    const wanted = Math.min(job.spec.parallelism ?? 1, completions - succeeded)
    const started = job.status?.startTime !== undefined
    const spent = (state: State, holds: boolean, again = false): number => {
      if (!holds) this.#since.delete(state)
      else if (again || !this.#since.has(state)) this.#since.set(state, now)
      return now - (this.#since.get(state) ?? now)
    }
    return {
      changed,
      unchangedMs: now - this.#changedAt,
      waitingMs: spent('waiting', !suspended && (active > ready || none), progressed || (active === 0 && changed)),
      missingMs: spent('missing', !suspended && started && active + terminating < wanted),
      nothingReadyMs: spent('nothingReady', !suspended && ready === 0, changed),
      terminatingOnlyMs: spent('terminatingOnly', active === 0 && terminating > 0 && !suspended, changed),
      deletingMs: spent('deleting', isDeleting(job)),
      suspendedMs: spent('suspended', suspended),
    }
  }
}
