import { WorkerError } from '../errors.ts'
import type { ItemEnd } from '../handle/item-end.ts'
import type { ConsumeManyResult } from './consume-many-result.ts'

/** The limits by which a {@link Tally} ends a run. */
interface FailureLimit {
  readonly queue: string
  readonly maxConsecutiveFailures: number
}

/** The counts of one call of `consumeMany`, over all its connections. */
export class Tally {
  readonly #maxItems: number
  #done = 0
  #deadLettered = 0
  #failed = 0
  /** Failed attempts since the last item that ended. */
  #consecutiveFailures = 0

  constructor(maxItems: number) {
    this.#maxItems = maxItems
  }

  /** How many items are still wanted. */
  get left(): number {
    return this.#maxItems - this.#done - this.#deadLettered
  }

  get counts(): { readonly done: number; readonly deadLettered: number; readonly failed: number } {
    return { done: this.#done, deadLettered: this.#deadLettered, failed: this.#failed }
  }

  /** Counts an item that is still held. Returns the error that ends the run, if this end of an item does. */
  count(end: Exclude<ItemEnd<unknown>, { type: 'lost' }>, limit: FailureLimit): WorkerError | undefined {
    switch (end.type) {
      case 'done':
        this.#done += 1
        this.#consecutiveFailures = 0
        return undefined
      case 'dead-lettered':
        this.#deadLettered += 1
        this.#consecutiveFailures = 0
        return undefined
      case 'released':
        return end.error
      case 'failed':
        this.#failed += 1
        this.#consecutiveFailures += 1
        // The attempt says nothing about the item, so it will fail with the next one too.
        if (end.answer !== 'reject') return end.error
        return this.#consecutiveFailures >= limit.maxConsecutiveFailures
          ? this.#tooManyFailures(limit.queue, end.error)
          : undefined
    }
  }

  result(status: ConsumeManyResult['status']): ConsumeManyResult {
    return { status, ...this.counts }
  }

  #tooManyFailures(queue: string, last: WorkerError): WorkerError {
    return new WorkerError({
      code: 'TOO_MANY_FAILURES',
      message: `${this.#consecutiveFailures} attempts in a row failed on queue ${queue}. The last one: ${last.message}`,
      hint: 'This worker seems unable to do any item. Its items are back in the queue for another worker.',
      retryable: true,
      details: { queue },
      cause: last.cause,
    })
  }
}
