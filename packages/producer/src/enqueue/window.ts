/** Limits how much is published and not yet confirmed. */
export class Window {
  readonly #messages: number
  readonly #bytes: number
  #isFull = false

  constructor(messages: number, bytes: number) {
    this.#messages = messages
    this.#bytes = bytes
  }

  /** Whether one more may be published. Once the window is full, not before it is half empty: waking up costs most. */
  hasRoom(open: number, openBytes: number): boolean {
    const limit = this.#isFull ? this.#messages / 2 : this.#messages
    // Half of a window of one is no message.
    const hasRoom = (open < limit || open === 0) && openBytes < this.#bytes
    this.#isFull = !hasRoom
    return hasRoom
  }

  /** Forgets that it was full: a new channel has nothing in flight. */
  reset(): void {
    this.#isFull = false
  }
}
