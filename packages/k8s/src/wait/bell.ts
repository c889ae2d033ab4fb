/** Wakes one waiter. Rings between two waits are one ring. */
export class Bell {
  #next = Promise.withResolvers<void>()

  ring(): void {
    this.#next.resolve()
  }

  /** Resolves with the next ring, at once when it rang since the last wait. */
  async rung(): Promise<void> {
    await this.#next.promise
    this.#next = Promise.withResolvers<void>()
  }
}
