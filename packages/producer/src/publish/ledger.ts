import type { Encoded } from '../items/encode.ts'
import { bareMessage, type Message } from '../items/message.ts'
import type { Failure, ItemFailure, Outcome, OutcomeCounts } from '../receipt.ts'
import { InFlight } from './in-flight.ts'

/** An item that can be published. One flat object, since there are millions of them. */
export interface Parcel extends Encoded {
  readonly type: 'item'
  readonly index: number
  /** Whether the id was made by this call, for this item alone. */
  readonly isIdUnique: boolean
  /** What the app gave, or its schema made of it. */
  readonly body: unknown
  /** All that the app said of it; undefined where that is its body and nothing else. */
  readonly given: Message | undefined
  /** What a journal keeps of it. */
  readonly digest: string | undefined
}

/** What is published next. */
export interface Publish {
  readonly parcel: Parcel
  /**
   * Sent along, so that a return tells which message it is: its tag, where one with the same id is in flight that goes
   * without. Undefined for all others, whose id tells it.
   */
  readonly sequence: number | undefined
}

export interface LedgerOptions {
  /** Hears the fate of each item once. */
  readonly onSettled?: ((outcome: Outcome, index: number, id: string | undefined, parcel?: Parcel) => void) | undefined
}

/**
 * The fate of every item of one call, over all the channels that it takes. Pure: told what was read, published,
 * returned, acked and nacked, it knows what each item has become and what has to be published. Each item is counted
 * once, whatever is told of it afterwards.
 */
export class Ledger {
  readonly #onSettled: LedgerOptions['onSettled']
  readonly #returned = new Set<number>()
  readonly #failures: ItemFailure[] = []
  readonly #counts = { total: 0, confirmed: 0, returned: 0, nacked: 0, unknown: 0, invalid: 0 }
  /** Read and not in flight: first of all, what was in flight when a channel was lost. */
  #waiting: Parcel[] = []
  #nextWaiting = 0
  #inFlight = new InFlight()
  #bytes = 0
  #bytesInFlight = 0
  #resumed = 0

  constructor(options: LedgerOptions = {}) {
    this.#onSettled = options.onSettled
  }

  /** Messages published and neither acked nor nacked so far. */
  get unsettled(): number {
    return this.#inFlight.size
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** Whether something that was read waits to be published. */
  get hasWaiting(): boolean {
    return this.#nextWaiting < this.#waiting.length
  }

  /** Bytes of all bodies that were confirmed or are on their way. */
  get bytes(): number {
    return this.#bytes
  }

  get resumed(): number {
    return this.#resumed
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

  /** An item was read that can be published. */
  took(parcel: Parcel): void {
    this.#counts.total += 1
    this.#bytes += parcel.bytes
    this.#waiting.push(parcel)
  }

  /** An item was read that cannot be published. */
  invalid(index: number, message: Message, reason: string, cause?: unknown): void {
    this.#counts.total += 1
    this.#fail({ index, message, outcome: 'invalid', reason, ...(cause === undefined ? {} : { cause }) })
  }

  /** An item was read that an earlier run had confirmed. */
  resume(bytes: number): void {
    this.#counts.total += 1
    this.#counts.confirmed += 1
    this.#bytes += bytes
    this.#resumed += 1
  }

  /** Takes the next parcel to publish; it is in flight from now on, under the next tag of this channel. */
  publishNext(): Publish | undefined {
    const parcel = this.#waiting[this.#nextWaiting]
    if (parcel === undefined) return undefined
    this.#nextWaiting += 1
    if (this.#nextWaiting === this.#waiting.length) {
      // A list that is cut to nothing gives its memory up, and would take it again for each item.
      if (this.#waiting.length === 1) this.#waiting.pop()
      else this.#waiting.length = 0
      this.#nextWaiting = 0
    }
    this.#bytesInFlight += parcel.bytes
    return { parcel, sequence: this.#inFlight.add(parcel) }
  }

  /**
   * The broker gave a message back, with what was published of it. A return precedes the ack of the same message
   * (https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed).
   */
  returned(id: unknown, sequence: unknown): void {
    const tag = this.#inFlight.find(id, sequence)
    if (tag !== undefined) this.#returned.add(tag)
  }

  settled(tag: number, multiple: boolean, acked: boolean): void {
    if (!multiple) {
      this.#settle(tag, acked)
      return
    }
    while (this.#inFlight.size > 0 && this.#inFlight.first <= tag) this.#settle(this.#inFlight.first, acked)
  }

  /** The channel is gone: what it was not asked about is published again on the next, whose tags begin at 1. */
  channelLost(): void {
    const again: Parcel[] = []
    while (this.#inFlight.size > 0) {
      const tag = this.#inFlight.first
      const parcel = this.#inFlight.take(tag)
      if (parcel === undefined) break
      if (this.#returned.has(tag)) this.#fail({ ...placed(parcel), outcome: 'returned', reason: NO_QUEUE })
      else again.push(parcel)
    }
    this.#waiting = [...again, ...this.#waiting.slice(this.#nextWaiting)]
    this.#nextWaiting = 0
    this.#inFlight = new InFlight()
    this.#returned.clear()
    this.#bytesInFlight = 0
  }

  /**
   * The broker closed the channel for a message above its limit: those above it are invalid, the largest one where the
   * limit is not known. Call it after {@link channelLost}. Returns how many there were.
   */
  oversized(limit: number | undefined, reasonOf: (bytes: number) => string): number {
    const waiting = this.#waiting.slice(this.#nextWaiting)
    const largest = waiting.reduce((most, { bytes }) => Math.max(most, bytes), 0)
    const isOver = ({ bytes }: Parcel): boolean =>
      limit === undefined || largest <= limit ? bytes === largest : bytes > limit
    const over = limit === undefined || largest <= limit ? waiting.filter(isOver).slice(0, 1) : waiting.filter(isOver)
    for (const parcel of over) {
      this.#fail({ ...placed(parcel), outcome: 'invalid', reason: reasonOf(parcel.bytes) })
    }
    const gone = new Set(over)
    this.#waiting = waiting.filter((parcel) => !gone.has(parcel))
    this.#nextWaiting = 0
    return over.length
  }

  /** Nothing more will be published or heard: what is not settled is unknown. */
  abandon(reason: string): void {
    this.channelLost()
    for (const parcel of this.#waiting) this.#fail({ ...placed(parcel), outcome: 'unknown', reason })
    this.#waiting = []
  }

  #settle(tag: number, acked: boolean): void {
    const parcel = this.#inFlight.take(tag)
    if (parcel === undefined) return
    this.#bytesInFlight -= parcel.bytes
    if (this.#returned.size > 0 && this.#returned.delete(tag)) {
      this.#fail({ ...placed(parcel), outcome: 'returned', reason: NO_QUEUE })
    } else if (acked) {
      this.#counts.confirmed += 1
      this.#onSettled?.('confirmed', parcel.index, parcel.id, parcel)
    } else {
      this.#fail({ ...placed(parcel), outcome: 'nacked', reason: 'The broker refused it, as a full queue does.' })
    }
  }

  #fail(failure: ItemFailure & { readonly outcome: Failure }): void {
    this.#counts[failure.outcome] += 1
    this.#failures.push(failure)
    this.#onSettled?.(failure.outcome, failure.index, failure.message.id)
  }
}

/** The item of a parcel as failures name it. */
function placed(parcel: Parcel): { readonly index: number; readonly message: Message } {
  return { index: parcel.index, message: messageOf(parcel) }
}

export function messageOf({ given, body, id }: Parcel): Message {
  return given ?? bareMessage(body, id)
}

const NO_QUEUE = 'There was no queue to take it.'
