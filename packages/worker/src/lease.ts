/** What may end the work on an item before its handler does: the hold on it is lost, or the worker has to end. */
export class Lease {
  /** Aborts with the `LEASE_LOST` error. */
  readonly lost: AbortSignal
  /** The caller's own signal. */
  readonly ending: AbortSignal | undefined
  /** Aborts with either: what handlers get. One for all items of a connection. */
  readonly signal: AbortSignal
  readonly #listeners = new Set<() => void>()

  constructor(lost: AbortSignal, ending: AbortSignal | undefined) {
    this.lost = lost
    this.ending = ending
    this.signal = ending === undefined ? lost : AbortSignal.any([lost, ending])
    this.signal.addEventListener('abort', () => {
      for (const listener of this.#listeners) listener()
    })
  }

  /** A promise of the interruption, and the end of the interest in it. */
  interruption(): { readonly interrupted: Promise<undefined>; readonly forget: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const listener = (): void => resolve(undefined)
    if (this.signal.aborted) listener()
    this.#listeners.add(listener)
    return { interrupted: promise, forget: () => this.#listeners.delete(listener) }
  }
}
