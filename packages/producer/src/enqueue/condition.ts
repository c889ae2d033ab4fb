import type { AsyncResource } from 'node:async_hooks'

/**
 * Lets one loop wait until a condition holds. Code that changes anything calls `notify`. A notification makes no promise, so
 * a condition may also do the work that there is to do at each, and return whether that was the last. The condition runs in
 * the async context of its call, not in that of the event, which comes over a connection that other calls share.
 */
export class Condition {
  #waiting:
    | { readonly holds: () => boolean; readonly resolve: () => void; readonly reject: (error: unknown) => void }
    | undefined
  readonly #context: AsyncResource
  #isChecking = false

  constructor(context: AsyncResource) {
    this.#context = context
  }

  /** Checks the condition that is waited for. */
  notify(): void {
    const waiting = this.#waiting
    // A condition sees its own changes by itself.
    if (waiting === undefined || this.#isChecking) return
    this.#isChecking = true
    try {
      if (!this.#context.runInAsyncScope(waiting.holds)) return
      waiting.resolve()
    } catch (error) {
      waiting.reject(error)
    } finally {
      this.#isChecking = false
    }
    this.#waiting = undefined
  }

  /** Resolves as soon as `holds` returns true; rejects with anything that it throws. One wait at a time. */
  until(holds: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting = { holds, resolve, reject }
    this.notify()
    return promise
  }
}
