import type { Blocked } from '../connection/link.ts'
import type { Stop } from './stop.ts'

/** The facts that {@link Watchdog} looks at. */
interface Situation {
  /** Why the broker takes no messages; undefined while it does. */
  readonly blocked: Blocked | undefined
  /** Whether something is published and not yet confirmed. */
  readonly isWaiting: boolean
}

/** Ends a call whose broker stays silent for `confirmTimeoutMs`, or takes no messages for `blockedTimeoutMs`. */
export class Watchdog {
  readonly #confirmTimeoutMs: number
  readonly #blockedTimeoutMs: number
  #progressAt = performance.now()
  #isTiming = false

  constructor(confirmTimeoutMs: number, blockedTimeoutMs: number) {
    this.#confirmTimeoutMs = confirmTimeoutMs
    this.#blockedTimeoutMs = blockedTimeoutMs
  }

  /** How often to look, milliseconds. */
  get everyMs(): number {
    return Math.max(10, Math.min(1_000, this.#confirmTimeoutMs / 4, this.#blockedTimeoutMs / 4))
  }

  /** The broker confirmed something, or a new channel begins. */
  progressed(now: number = performance.now()): void {
    this.#progressAt = now
  }

  /** The reason to end the call; undefined while there is none. */
  look({ blocked, isWaiting }: Situation, now: number = performance.now()): Stop | undefined {
    const wasTiming = this.#isTiming
    this.#isTiming = blocked === undefined && isWaiting
    if (this.#isTiming) {
      // The broker has the whole time from when it takes messages again, which may be at any moment between two looks.
      if (!wasTiming) this.progressed(now)
      return now - this.#progressAt > this.#confirmTimeoutMs ? { type: 'silent' } : undefined
    }
    this.#progressAt = now
    if (blocked === undefined || now - blocked.since <= this.#blockedTimeoutMs) return undefined
    return { type: 'blocked', reason: blocked.reason }
  }
}
