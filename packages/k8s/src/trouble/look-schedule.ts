/** The longest time between two looks of a kind. */
const LONGEST_EVERY_MS = 30_000
const SOONEST_MS = 500
const FIRST_PAUSE_MS = 1000

/**
 * Decides when a look of each kind is due: soon at first, since most faults show at once, then less and less often, down to once
 * in 30 s. So the number of requests grows with time and trouble, never with the number of pods.
 */
export class LookSchedule {
  /** How often to look at the most, once the first looks are over. */
  readonly everyMs: number
  readonly #looked = new Map<string, { readonly at: number; readonly looks: number }>()

  /** @param graceMs the shortest grace: a look comes at least four times within it, but not more than twice a second */
  constructor(graceMs: number) {
    this.everyMs = Math.min(LONGEST_EVERY_MS, Math.max(SOONEST_MS, graceMs / 4))
  }

  /** Whether a look of this kind is due; if so it counts as done. */
  due(kind: string, now: number): boolean {
    const { at, looks } = this.#looked.get(kind) ?? { at: Number.NEGATIVE_INFINITY, looks: 0 }
    if (now - at < Math.min(this.everyMs, FIRST_PAUSE_MS * 2 ** looks)) return false
    this.#looked.set(kind, { at: now, looks: looks + 1 })
    return true
  }
}
