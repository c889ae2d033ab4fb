/** Events between one that finds them and one that waits for them. */
export class EventQueue<Event> {
  readonly #events: Event[] = []
  #failure: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  push(event: Event): void {
    this.#events.push(event)
    this.#wake?.()
  }

  /** Ends the queue: {@link next} throws this when the events before it are taken. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake?.()
  }

  /** The next event. @throws the signal's reason when it aborts, and what the queue failed with */
  async next(signal: AbortSignal): Promise<Event> {
    while (true) {
      signal.throwIfAborted()
      const event = this.#events.shift()
      if (event !== undefined) return event
      if (this.#failure !== undefined) throw this.#failure.error
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      signal.addEventListener('abort', resolve as () => void, { once: true })
      await promise
      signal.removeEventListener('abort', resolve as () => void)
    }
  }
}
