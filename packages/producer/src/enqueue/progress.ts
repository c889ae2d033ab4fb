import type { Tell } from '../events.ts'
import type { OutcomeCounts } from '../outcome.ts'

const EVERY_MS = 250

/** Tells listeners how far a call is: at most four times a second, and once at its end. */
export class Progress {
  readonly #queue: string
  readonly #tell: Tell
  readonly #counts: () => OutcomeCounts
  #toldAt = 0

  constructor(queue: string, tell: Tell, counts: () => OutcomeCounts) {
    this.#queue = queue
    this.#tell = tell
    this.#counts = counts
  }

  /** Something was settled at this time on the clock of `performance.now()`. */
  settled(now: number): void {
    if (now - this.#toldAt >= EVERY_MS) this.tell(now)
  }

  tell(now: number = performance.now()): void {
    this.#toldAt = now
    this.#tell('progress', { queue: this.#queue, counts: this.#counts() })
  }
}
