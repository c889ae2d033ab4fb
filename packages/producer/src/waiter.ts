/** Lets one loop wait until something is so. Whoever changes anything calls `check`; no promise is made for news that change nothing. */
export class Waiter {
  #condition: (() => boolean) | undefined
  #wake: (() => void) | undefined

  check(): void {
    if (this.#condition?.() !== true) return
    this.#condition = undefined
    this.#wake?.()
  }

  async until(condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#condition = condition
    this.#wake = resolve
    await promise
  }
}
