/**
 * Lets a limited number of requests through at the same time, in the order in which they came. With HTTP/1.1 each request that is
 * under way has a connection of its own.
 */
export class RequestGate {
  readonly #limit: number
  readonly #waiting = new Set<() => void>()
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Does something when it has its turn. @throws the signal's reason when that aborts before */
  async through<Value>(action: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    signal?.throwIfAborted()
    if (this.#open < this.#limit) this.#open++
    else await this.#turn(signal)
    try {
      return await action()
    } finally {
      const [next] = this.#waiting
      if (next === undefined) this.#open--
      else next()
    }
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = (): void => {
      this.#waiting.delete(enter)
      resolve()
    }
    const leave = (): void => {
      this.#waiting.delete(enter)
      reject(signal?.reason)
    }
    this.#waiting.add(enter)
    signal?.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }
}
