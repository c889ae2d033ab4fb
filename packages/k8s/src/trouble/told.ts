import { callListener } from '@internal/async'
import type { FailedAttempt } from '../pods/failed-attempt.ts'
import type { PodFailure } from '../pods/pod-failure.ts'
import type { StuckEvent } from './stuck-event.ts'

/** The most failed attempts that are told in one look: the newest. */
const TOLD_A_LOOK = 20

/** The listeners for trouble. */
export interface TroubleListeners {
  readonly stuck?: ((event: StuckEvent) => void) | undefined
  readonly podFailed?: ((failure: PodFailure) => void) | undefined
}

/** Tells of each trouble once, not once for each pod that has it or each look that finds it. */
export class Told {
  readonly #on: TroubleListeners
  readonly #stuck = new Set<string>()
  readonly #attempts = new Set<string>()
  #explained = false

  constructor(on: TroubleListeners) {
    this.#on = on
  }

  /** Whether something was found, since the run last moved, that explains why it does not. */
  get explained(): boolean {
    return this.#explained
  }

  /** @param key events with the same key are one trouble */
  stuck(event: StuckEvent, key: string = event.reason): void {
    this.#explained = true
    if (this.#stuck.has(key)) return
    this.#stuck.add(key)
    if (this.#on.stuck !== undefined) callListener('stuck', this.#on.stuck, event)
  }

  /** Tells of the failed attempts that were not told yet, the oldest first. */
  attempts(newest: readonly FailedAttempt[]): void {
    const { podFailed } = this.#on
    if (podFailed === undefined) return
    const untold = newest.filter(({ id }) => !this.#attempts.has(id)).slice(0, TOLD_A_LOOK)
    for (const { id, failure } of untold.toReversed()) {
      this.#attempts.add(id)
      callListener('podFailed', podFailed, failure)
    }
  }

  /** Lets these troubles be told again, since the run has moved. */
  forget(reasons: readonly StuckEvent['reason'][]): void {
    this.#explained = false
    for (const reason of reasons) this.#stuck.delete(reason)
  }
}
