/** A condition variable for one waiting task. Notifications between two waits count as one. */
export class Condition {
  #next = Promise.withResolvers<void>()

  notify(): void {
    this.#next.resolve()
  }

  /** Resolves with the next notification: at once when there was one since the last wait. */
  async wait(): Promise<void> {
    await this.#next.promise
    this.#next = Promise.withResolvers<void>()
  }
}
