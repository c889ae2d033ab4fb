import type { AsyncResource } from 'node:async_hooks'

/**
 * Lets one loop wait until something is so. Whoever changes anything calls `check`; no promise is made for news that
 * change nothing, so a condition may also do what there is to do at each, and say whether that was the last. It runs in the
 * async context of the call, not in that of the news, which come over a connection that other calls share.
 */
export class Waiter {
  #waiting:
    | { readonly condition: () => boolean; readonly wake: () => void; readonly fail: (error: unknown) => void }
    | undefined
  readonly #context: AsyncResource
  #isChecking = false

  constructor(context: AsyncResource) {
    this.#context = context
  }

  check(): void {
    const waiting = this.#waiting
    // What a condition changes by itself, it sees by itself.
    if (waiting === undefined || this.#isChecking) return
    this.#isChecking = true
    try {
      if (!this.#context.runInAsyncScope(waiting.condition)) return
      waiting.wake()
    } catch (error) {
      waiting.fail(error)
    } finally {
      this.#isChecking = false
    }
    this.#waiting = undefined
  }

  until(condition: () => boolean): Promise<void> {
    const { promise, resolve: wake, reject: fail } = Promise.withResolvers<void>()
    this.#waiting = { condition, wake, fail }
    this.check()
    return promise
  }
}
