import type { Message } from './message.ts'
import type { Failure, ItemFailure, OutcomeCounts } from './receipt.ts'

interface InFlight {
  readonly index: number
  readonly message: Message
  returned: boolean
}

/**
 * The fate of every item of one call. Pure: told what was published, returned, acked and nacked on one channel, it
 * knows what each item has become. Each item is counted once, whatever is told of it afterwards.
 */
export class Ledger {
  readonly #inFlight = new Map<number, InFlight>()
  readonly #failures: ItemFailure[] = []
  readonly #counts = { total: 0, confirmed: 0, returned: 0, nacked: 0, unknown: 0, invalid: 0 }
  #bytes = 0

  /** Messages published and neither acked nor nacked so far. */
  get unsettled(): number {
    return this.#inFlight.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get counts(): OutcomeCounts {
    return { ...this.#counts }
  }

  /** In the order of `items`. */
  get failures(): readonly ItemFailure[] {
    return this.#failures.toSorted((a, b) => a.index - b.index)
  }

  get failed(): number {
    return this.#failures.length
  }

  /** @param tag the publish's number on its channel, from 1, as the broker counts them */
  published(tag: number, index: number, message: Message, bytes: number): void {
    this.#counts.total += 1
    this.#bytes += bytes
    this.#inFlight.set(tag, { index, message, returned: false })
  }

  invalid(index: number, message: Message, reason: string): void {
    this.#counts.total += 1
    this.#fail(index, message, 'invalid', reason)
  }

  /** A return precedes the ack of the same message (https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed). */
  returned(tag: number): void {
    const item = this.#inFlight.get(tag)
    if (item !== undefined) item.returned = true
  }

  settled(tag: number, multiple: boolean, acked: boolean): void {
    if (!multiple) {
      this.#settle(tag, acked)
      return
    }
    // A Map keeps the order of insertion, which is the order of tags.
    for (const earlier of this.#inFlight.keys()) {
      if (earlier > tag) return
      this.#settle(earlier, acked)
    }
  }

  /** Nothing more will be heard of what is in flight. */
  abandon(reason: string): void {
    for (const { index, message, returned } of this.#inFlight.values()) {
      if (returned) this.#fail(index, message, 'returned', NO_QUEUE)
      else this.#fail(index, message, 'unknown', reason)
    }
    this.#inFlight.clear()
  }

  #settle(tag: number, acked: boolean): void {
    const item = this.#inFlight.get(tag)
    if (item === undefined) return
    this.#inFlight.delete(tag)
    if (item.returned) this.#fail(item.index, item.message, 'returned', NO_QUEUE)
    else if (acked) this.#counts.confirmed += 1
    else this.#fail(item.index, item.message, 'nacked', 'the broker refused it (a full queue does)')
  }

  #fail(index: number, message: Message, outcome: Failure, reason: string): void {
    this.#counts[outcome] += 1
    this.#failures.push({ index, message, outcome, reason })
  }
}

const NO_QUEUE = 'there was no queue to take it'
