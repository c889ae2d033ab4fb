/**
 * Lets one loop wait until something is so. Whoever changes anything calls `check`; no promise is made for news that
 * change nothing, so a condition may also do what there is to do at each, and say whether that was the last.
 */
export class Waiter {
  #waiting:
    | { readonly condition: () => boolean; readonly wake: () => void; readonly fail: (error: unknown) => void }
    | undefined
  #isChecking = false

  check(): void {
    const waiting = this.#waiting
    // What a condition changes by itself, it sees by itself.
    if (waiting === undefined || this.#isChecking) return
    this.#isChecking = true
    try {
      if (!waiting.condition()) return
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
