import { type EncodedItem, messageOf } from '../items/encoded-item.ts'
import type { Message } from '../items/message.ts'
import type { ItemOutcome, OutcomeCounts } from '../outcome.ts'
import { InFlight } from './in-flight.ts'
import type { ItemFailure } from './item-failure.ts'

/** The next message to publish. */
export interface Publish {
  readonly item: EncodedItem
  /**
   * The tag of the message when it must be sent along, because another one with the same id is in flight without it, and a
   * return could be of either. Undefined for all others: their ids tell them apart.
   */
  readonly sequence: number | undefined
}

export interface LedgerOptions {
  /** Called once for each item, with its fate. */
  readonly onSettled?:
    | ((outcome: ItemOutcome, index: number, id: string | undefined, item?: EncodedItem) => void)
    | undefined
}

/**
 * The fate of every item of one call, over all the channels that it uses. Pure: from the items that are read, published,
 * returned, acked and nacked it knows the outcome of each item, and which have to be published. Each item is counted once,
 * whatever is reported of it afterwards.
 */
export class Ledger {
  readonly #onSettled: LedgerOptions['onSettled']
  readonly #returned = new Set<number>()
  readonly #failures: ItemFailure[] = []
  readonly #counts = { total: 0, confirmed: 0, returned: 0, nacked: 0, unknown: 0, invalid: 0 }
  /** Read and not in flight. The items that were in flight when a channel was lost come first. */
  #waiting: EncodedItem[] = []
  #nextWaiting = 0
  #inFlight = new InFlight()
  #bytes = 0
  #bytesInFlight = 0
  #resumed = 0

  constructor(options: LedgerOptions = {}) {
    this.#onSettled = options.onSettled
  }

  /** The number of messages that are published and neither acked nor nacked. */
  get unsettled(): number {
    return this.#inFlight.size
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight
  }

  /** Whether an item that was read waits to be published. */
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

  /** Adds an item that was read and can be published. */
  took(item: EncodedItem): void {
    this.#counts.total += 1
    this.#bytes += item.bytes
    this.#waiting.push(item)
  }

  /** Adds an item that was read and cannot be published. */
  invalid(index: number, message: Message, reason: string, cause?: unknown): void {
    this.#counts.total += 1
    this.#fail({ index, message, outcome: 'invalid', reason, ...(cause === undefined ? {} : { cause }) })
  }

  /** Adds an item that was read and that an earlier run had confirmed. */
  resume(bytes: number): void {
    this.#counts.total += 1
    this.#counts.confirmed += 1
    this.#bytes += bytes
    this.#resumed += 1
  }

  /** Takes the next item to publish. It is in flight from now on, under the next tag of this channel. */
  publishNext(): Publish | undefined {
    const item = this.#waiting[this.#nextWaiting]
    if (item === undefined) return undefined
    this.#nextWaiting += 1
    if (this.#nextWaiting === this.#waiting.length) {
      // An array that is cut to nothing gives its memory up, and would take it again for each item.
      if (this.#waiting.length === 1) this.#waiting.pop()
      else this.#waiting.length = 0
      this.#nextWaiting = 0
    }
    this.#bytesInFlight += item.bytes
    return { item, sequence: this.#inFlight.add(item) }
  }

  /** The message of the last {@link publishNext} cannot be sent: its item is invalid, and its tag is free again. */
  refuseLast(reason: string, cause?: unknown): void {
    const item = this.#inFlight.undo()
    if (item === undefined) return
    this.#bytesInFlight -= item.bytes
    this.#refuse(item, reason, cause)
  }

  /** An item that waits to be published cannot be: it is invalid. */
  refuse(item: EncodedItem, reason: string, cause?: unknown): void {
    this.#waiting = this.#waiting.slice(this.#nextWaiting).filter((waiting) => waiting !== item)
    this.#nextWaiting = 0
    this.#refuse(item, reason, cause)
  }

  /**
   * The broker returned a message. A return precedes the ack of the same message
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

  /**
   * The channel is gone: the items without an answer are published again on the next, whose tags begin at 1.
   *
   * @returns these items, in the order of publishing
   */
  channelLost(): readonly EncodedItem[] {
    const again: EncodedItem[] = []
    while (this.#inFlight.size > 0) {
      const tag = this.#inFlight.first
      const item = this.#inFlight.take(tag)
      if (item === undefined) break
      if (this.#returned.has(tag)) this.#fail({ ...placed(item), outcome: 'returned', reason: NO_QUEUE })
      else again.push(item)
    }
    this.#waiting = [...again, ...this.#waiting.slice(this.#nextWaiting)]
    this.#nextWaiting = 0
    this.#inFlight = new InFlight()
    this.#returned.clear()
    this.#bytesInFlight = 0
    return again
  }

  /**
   * The broker closed the channel for a message above its limit: the items above it are invalid, or the largest one when the
   * limit is not known. Call it after {@link channelLost}.
   *
   * @returns how many items are invalid
   */
  oversized(limit: number | undefined, reasonOf: (bytes: number) => string): number {
    const waiting = this.#waiting.slice(this.#nextWaiting)
    const largest = waiting.reduce((most, { bytes }) => Math.max(most, bytes), 0)
    const isOver = ({ bytes }: EncodedItem): boolean =>
      limit === undefined || largest <= limit ? bytes === largest : bytes > limit
    const over = limit === undefined || largest <= limit ? waiting.filter(isOver).slice(0, 1) : waiting.filter(isOver)
    for (const item of over) {
      this.#fail({ ...placed(item), outcome: 'invalid', reason: reasonOf(item.bytes) })
    }
    const gone = new Set(over)
    this.#waiting = waiting.filter((item) => !gone.has(item))
    this.#nextWaiting = 0
    return over.length
  }

  /** Nothing more will be published or heard: the items without an answer are unknown. */
  abandon(reason: string): void {
    this.channelLost()
    for (const item of this.#waiting) this.#fail({ ...placed(item), outcome: 'unknown', reason })
    this.#waiting = []
  }

  #settle(tag: number, acked: boolean): void {
    const item = this.#inFlight.take(tag)
    if (item === undefined) return
    this.#bytesInFlight -= item.bytes
    if (this.#returned.size > 0 && this.#returned.delete(tag)) {
      this.#fail({ ...placed(item), outcome: 'returned', reason: NO_QUEUE })
    } else if (acked) {
      this.#counts.confirmed += 1
      this.#onSettled?.('confirmed', item.index, item.id, item)
    } else {
      this.#fail({
        ...placed(item),
        outcome: 'nacked',
        reason: 'The broker refused it, for example because the queue is full.',
      })
    }
  }

  #refuse(item: EncodedItem, reason: string, cause: unknown): void {
    this.#fail({ ...placed(item), outcome: 'invalid', reason, ...(cause === undefined ? {} : { cause }) })
  }

  #fail(failure: ItemFailure): void {
    this.#counts[failure.outcome] += 1
    this.#failures.push(failure)
    this.#onSettled?.(failure.outcome, failure.index, failure.message.id)
  }
}

/** An item as failures name it. */
function placed(item: EncodedItem): { readonly index: number; readonly message: Message } {
  return { index: item.index, message: messageOf(item) }
}

const NO_QUEUE = 'There was no queue to take it.'
