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

  /** What the promise resolves to; undefined when the work on the item is to end before that. The promise never rejects. */
  async untilInterrupted<T>(working: Promise<T>): Promise<T | undefined> {
    if (this.signal.aborted) return undefined
    const { promise, resolve } = Promise.withResolvers<T | undefined>()
    const interrupt = (): void => resolve(undefined)
    this.#listeners.add(interrupt)
    void working.then(resolve)
    const first = await promise
    this.#listeners.delete(interrupt)
    return first
  }
}
