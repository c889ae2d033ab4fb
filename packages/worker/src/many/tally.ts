import type { ManyOutcome } from '../consume-many.ts'

/** What one call of `consumeMany` has come to so far, over all its connections. */
export class Tally {
  readonly #maxItems: number
  done = 0
  deadLettered = 0
  failed = 0
  /** Failed attempts since the last item that ended. */
  consecutiveFailures = 0

  constructor(maxItems: number) {
    this.#maxItems = maxItems
  }

  /** How many items are still wanted. */
  get left(): number {
    return this.#maxItems - this.done - this.deadLettered
  }

  get counts(): { readonly done: number; readonly deadLettered: number; readonly failed: number } {
    return { done: this.done, deadLettered: this.deadLettered, failed: this.failed }
  }

  outcome(status: ManyOutcome['status']): ManyOutcome {
    return { status, ...this.counts }
  }
}
