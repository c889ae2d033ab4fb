/** Older ends say little about the speed now. */
const WINDOW_MS = 60_000
/** Fewer seconds say nothing yet. */
const LEAST_MS = 2_000

/** How many units have ended in a second, over the last minute. */
export class Rate {
  readonly #samples: { readonly at: number; readonly ended: number }[] = []

  #unit: string | undefined

  /**
   * @param now milliseconds of a clock that does not jump
   * @param unit what is counted: of another unit a count begins anew
   */
  add(ended: number, now: number, unit = ''): void {
    // A sweep is a Job of its own, whose pods are counted from 0.
    if (unit !== this.#unit || ended < (this.#samples.at(-1)?.ended ?? 0)) this.#samples.length = 0
    this.#unit = unit
    this.#samples.push({ at: now, ended })
    while (this.#samples.length > 2 && now - (this.#samples[1]?.at ?? now) > WINDOW_MS) this.#samples.shift()
  }

  /** Undefined while nothing is known yet. */
  perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return undefined
    const rate = ((last.ended - first.ended) / (last.at - first.at)) * 1_000
    return rate > 0 ? rate : undefined
  }
}
