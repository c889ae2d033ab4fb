import type { HandlerContext } from './handler.ts'

/** The two reasons to end the work on an item before its handler does: the hold on it is lost, or the worker has to end. */
export class Lease {
  /** Aborts with the `LEASE_LOST` error. */
  readonly lost: AbortSignal
  /** The caller's own signal. */
  readonly ending: AbortSignal | undefined
  /** The context of handlers. All items of a connection share it. */
  readonly context: HandlerContext
  #either: AbortController | undefined
  readonly #listeners = new Set<() => void>()
  readonly #tell = (): void => {
    this.#either?.abort(this.#reason())
    for (const listener of this.#listeners) listener()
  }

  constructor(lost: AbortSignal, ending: AbortSignal | undefined) {
    this.lost = lost
    this.ending = ending
    const signal = (): AbortSignal => this.signal
    this.context = {
      get signal() {
        return signal()
      },
    }
    lost.addEventListener('abort', this.#tell)
    ending?.addEventListener('abort', this.#tell)
  }

  /** Aborts with either. Made at the first use: few handlers look at it, and `AbortSignal.any` costs 1 ms of each item. */
  get signal(): AbortSignal {
    if (this.#either === undefined) {
      this.#either = new AbortController()
      if (this.lost.aborted || this.ending?.aborted === true) this.#either.abort(this.#reason())
    }
    return this.#either.signal
  }

  #reason(): unknown {
    return this.lost.aborted ? this.lost.reason : this.ending?.reason
  }

  /** The value of the promise; undefined when the work on the item has to end before that. The promise must not reject. */
  untilInterrupted<T>(working: Promise<T>): Promise<T | undefined> {
    if (this.lost.aborted || this.ending?.aborted === true) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const interrupt = (): void => resolve(undefined)
      this.#listeners.add(interrupt)
      void working.then((value) => {
        this.#listeners.delete(interrupt)
        resolve(value)
      })
    })
  }

  /** To be called when no item is held any more: the caller's signal may live longer than this. */
  [Symbol.dispose](): void {
    this.ending?.removeEventListener('abort', this.#tell)
  }
}
