import type { QueueReading } from './queue-reading.ts'

/** How far the items of a run are. `done`, `left` and `dead` make up `total`. */
export interface ItemCounts {
  /** Items of the run: those that were ready at its first start, and more as soon as more are seen. */
  readonly total: number
  /**
   * Items that are done for certain: neither ready, nor dead, nor possibly in a worker's hands. Each worker may hold
   * `spec.worker.concurrency` items, 1 unless the spec says more: a handler that takes more at a time has to be told of there.
   */
  readonly done: number
  /** Items that are not known to be done: they wait, or a worker may hold them. */
  readonly left: number
  /** Items that went to the dead letters in the run. 0 when the queue does not count them. */
  readonly dead: number
}

/** The beginning of a run, and what one of its workers may hold. */
export interface TallyStart {
  readonly total: number
  readonly deadBefore: number
  /** The highest number of items that one worker holds at the same time. */
  readonly perWorker: number
}

/**
 * Counts the items of a run by readings of its queue. A reading knows what waits and what died, not what workers hold, so an
 * item counts as done only when that must be so: AMQP has no number of unacked messages.
 */
export class ItemTally {
  readonly #deadBefore: number
  readonly #perWorker: number
  #total: number
  #done = 0
  #mostDead = 0
  /** The bound by the reading before: an item on its way to the dead letters is in neither queue for a moment. */
  #allowedBefore: number | undefined

  constructor({ total, deadBefore, perWorker }: TallyStart) {
    this.#total = total
    this.#deadBefore = deadBefore
    this.#perWorker = perWorker
  }

  /**
   * Takes in a reading that was verified.
   *
   * @returns undefined for the first one, which no other confirms
   * @param pods the pods that are not known to have ended: a worker that has cancelled its consumer may still hold items
   */
  take(reading: QueueReading, pods: number): ItemCounts | undefined {
    const held = Math.max(reading.consumers, pods) * this.#perWorker
    const allowed = this.#allowed(reading, held)
    const before = this.#allowedBefore
    this.#allowedBefore = allowed
    if (before === undefined) return undefined
    this.#done = Math.max(this.#done, Math.min(allowed, before))
    return this.#counts(reading)
  }

  /** Takes in the last reading of a run: its pods have ended, so nobody holds an item. */
  end(reading: QueueReading): ItemCounts {
    this.#done = Math.max(this.#done, this.#allowed(reading, reading.consumers * this.#perWorker))
    return this.#counts(reading)
  }

  #allowed(reading: QueueReading, held: number): number {
    // Dead letters that are purged or put back in mid-run are no work that was done.
    this.#mostDead = Math.max(this.#mostDead, this.#deadIn(reading))
    return this.#total - reading.ready - held - this.#mostDead
  }

  #counts(reading: QueueReading): ItemCounts {
    const dead = this.#deadIn(reading)
    this.#total = Math.max(this.#total, this.#done + reading.ready + dead)
    return { total: this.#total, done: this.#done, left: this.#total - this.#done - dead, dead }
  }

  #deadIn({ deadLetters = this.#deadBefore }: QueueReading): number {
    return Math.max(0, deadLetters - this.#deadBefore)
  }
}

/** The highest number of items that one worker of this spec holds at the same time. */
export function heldPerWorker({
  itemsPerPod = 1,
  worker,
}: {
  readonly itemsPerPod?: number | 'all' | undefined
  readonly worker?: { readonly concurrency?: number | undefined } | undefined
}): number {
  const concurrency = worker?.concurrency ?? 1
  return itemsPerPod === 'all' ? concurrency : Math.min(itemsPerPod, concurrency)
}
