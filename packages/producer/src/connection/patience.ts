import { pause } from '@internal/async'

/** Limits how long to go on after losses: a span that begins with the first, and anew once the broker confirms something. */
export class Patience {
  readonly #forMs: number
  #lostAt: number | undefined
  #losses = 0

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  progressed(): void {
    this.#lostAt = undefined
    this.#losses = 0
  }

  /** Whether to try again. The first time at once; later after a growing, jittered pause, which `signal` ends. */
  async tryAgain(signal: AbortSignal | undefined): Promise<boolean> {
    const now = performance.now()
    this.#lostAt ??= now
    if (now - this.#lostAt >= this.#forMs || isAborted(signal)) return false
    this.#losses += 1
    if (this.#losses > 1) {
      const pauseMs = Math.random() * Math.min(5_000, 100 * 2 ** this.#losses)
      await pause(pauseMs, signal).catch(() => {})
    }
    return !isAborted(signal)
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
