import { randomBytes } from 'node:crypto'
import { ProducerError } from '../errors.ts'
import { type EncodedItem, messageOf } from '../items/encoded-item.ts'
import { ItemReader, type Reading } from '../items/item-reader.ts'
import type { Items } from '../items/items.ts'
import { tooLarge } from '../items/prepare.ts'
import type { JournalHeader } from '../journal/journal.ts'
import { digestOf } from '../journal/journal-digest.ts'
import type { JournalRun } from '../journal/journal-run.ts'
import type { Ledger } from '../publish/ledger.ts'
import type { Condition } from './condition.ts'
import type { ResolvedPublish } from './publish-options.ts'

/** The reason why no more items are read, with everything before settled. */
export type IntakeEnd =
  | { readonly type: 'end' }
  | { readonly type: 'too-many-failures' }
  | { readonly type: 'failed'; readonly cause: unknown }

/** How long items are read from a journal without a pause, milliseconds: other work of the process must go on. */
const SLICE_MS = 20

/** Reads the items of one call into its ledger, as many as are asked for. */
export class ItemIntake {
  readonly #reader: ItemReader
  readonly #ledger: Ledger
  readonly #journal: JournalRun | undefined
  readonly #condition: Condition
  readonly #maxFailures: number
  /** The ids of messages that have none begin with it. */
  readonly #callId = randomBytes(12).toString('base64url')
  #maxMessageBytes: number
  #ended: IntakeEnd | undefined

  constructor(
    items: Items,
    options: ResolvedPublish,
    ledger: Ledger,
    journal: JournalRun | undefined,
    condition: Condition,
  ) {
    this.#reader = new ItemReader(
      items,
      options,
      () => this.batchId,
      () => condition.notify(),
    )
    this.#ledger = ledger
    this.#journal = journal
    this.#condition = condition
    this.#maxFailures = options.maxFailures
    this.#maxMessageBytes = options.maxMessageBytes
  }

  /** The id of the batch. With a journal it is known once that is open. */
  get batchId(): string {
    return this.#journal?.id ?? this.#callId
  }

  /** The reason why nothing more is read; undefined while there may be more. */
  get ended(): IntakeEnd | undefined {
    return this.#ended
  }

  /** Lowers the limit for a body to that of the broker. */
  limit(maxMessageBytes: number): void {
    this.#maxMessageBytes = Math.min(this.#maxMessageBytes, maxMessageBytes)
  }

  /**
   * Opens the journal and reads over all items that it knows, before anything is published.
   *
   * @throws {ProducerError} when there is another item at any of their places, or the items end before
   */
  async resume(header: JournalHeader, isOver: () => boolean): Promise<void> {
    const journal = this.#journal
    if (journal === undefined) return
    await journal.open(header)
    let sliceEndsAt = performance.now() + SLICE_MS
    while (this.#reader.index < journal.end && !isOver() && this.#ended === undefined) {
      if (!this.readOne()) await this.#condition.until(() => this.#reader.hasArrived || isOver())
      if (performance.now() < sliceEndsAt) continue
      await new Promise((resolve) => setImmediate(resolve))
      sliceEndsAt = performance.now() + SLICE_MS
    }
    if (this.#ended?.type === 'end' && this.#reader.index < journal.end) {
      throw mismatch(`holds only ${this.#reader.index} items now`)
    }
  }

  /** Reads one item into the ledger. Returns false while it is on its way: the condition is notified when it is there. */
  readOne(): boolean {
    if (this.#ledger.failed >= this.#maxFailures) {
      this.#ended = { type: 'too-many-failures' }
      return true
    }
    const reading = this.#reader.read()
    if (reading === undefined) return false
    this.#take(reading)
    return true
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }

  #take(reading: Reading): void {
    switch (reading.type) {
      case 'item':
        this.#takeItem(reading)
        return
      case 'invalid':
        this.#ledger.invalid(reading.index, reading.message, reading.reason, reading.cause)
        return
      case 'end':
      case 'failed':
        this.#ended = reading
    }
  }

  #takeItem(item: EncodedItem): void {
    const { index, bytes } = item
    if (bytes > this.#maxMessageBytes) {
      this.#ledger.invalid(index, messageOf(item), tooLarge(bytes, this.#maxMessageBytes))
    } else if (this.#journal === undefined) {
      this.#ledger.took(item)
    } else {
      const digest = digestOf(item)
      const known = this.#journal.has(index, digest)
      if (known === 'other') throw mismatch(`has another item at index ${index}`, index)
      if (known === 'same') this.#ledger.resume(bytes)
      else this.#ledger.took({ ...item, digest })
    }
  }
}

function mismatch(problem: string, index?: number): ProducerError<'JOURNAL_MISMATCH'> {
  return new ProducerError({
    code: 'JOURNAL_MISMATCH',
    message: `The source ${problem}: the journal is about other items. Nothing was published.`,
    hint: 'Give the items of the run that was interrupted, in the same order, or another journal.',
    details: index === undefined ? {} : { index },
  })
}
