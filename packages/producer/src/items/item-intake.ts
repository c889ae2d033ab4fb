import { ProducerError } from '../errors.ts'
import type { JournalHeader } from '../journal/journal.ts'
import type { JournalRun } from '../journal/journal-run.ts'
import type { Intake } from '../publish/ending.ts'
import { type Ledger, messageOf } from '../publish/ledger.ts'
import type { ResolvedPublish } from '../publish/publish-options.ts'
import type { Waiter } from '../publish/waiter.ts'
import type { Items } from './items.ts'
import { tooLarge } from './prepare.ts'
import { Reader, type Reading } from './reader.ts'

/** Reads the items of one call into its ledger, as many as are asked for. */
export class ItemIntake {
  readonly #reader: Reader
  readonly #ledger: Ledger
  readonly #journal: JournalRun | undefined
  readonly #waiter: Waiter
  readonly #maxFailures: number
  #maxMessageBytes: number
  #ended: Intake | undefined

  constructor(items: Items, options: ResolvedPublish, ledger: Ledger, journal: JournalRun | undefined, waiter: Waiter) {
    this.#reader = new Reader(items, options, journal, () => waiter.check())
    this.#ledger = ledger
    this.#journal = journal
    this.#waiter = waiter
    this.#maxFailures = options.maxFailures
    this.#maxMessageBytes = options.maxMessageBytes
  }

  /** Why nothing more is read; undefined as long as there may be more. */
  get ended(): Intake | undefined {
    return this.#ended
  }

  /** The broker's own limit, where it is lower than ours. */
  limit(maxMessageBytes: number): void {
    this.#maxMessageBytes = Math.min(this.#maxMessageBytes, maxMessageBytes)
  }

  /**
   * Opens the journal and reads over all that it knows, before anything is published.
   *
   * @throws {ProducerError} when there is another item at any of its places, or the items end before
   */
  async resume(header: JournalHeader, isOver: () => boolean): Promise<void> {
    const journal = this.#journal
    if (journal === undefined) return
    await journal.open(header)
    while (this.#reader.index < journal.end && !isOver() && this.#ended === undefined) {
      if (!this.readOne()) await this.#waiter.until(() => this.hasArrived || isOver())
    }
    if (this.#ended?.type === 'end' && this.#reader.index < journal.end) {
      throw mismatch(`holds only ${this.#reader.index} items now`)
    }
  }

  /** Whether a reading that was under way is there. */
  get hasArrived(): boolean {
    return this.#reader.hasArrived
  }

  /** Reads one item into the ledger. Returns false when it is under way: `hasArrived` then says when it is there. */
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

  #take(reading: Reading): void {
    switch (reading.type) {
      case 'item': {
        const { index, bytes } = reading
        if (bytes <= this.#maxMessageBytes) this.#ledger.took(reading)
        else this.#ledger.invalid(index, messageOf(reading), tooLarge(bytes, this.#maxMessageBytes))
        return
      }
      case 'invalid':
        this.#ledger.invalid(reading.index, reading.message, reading.reason, reading.cause)
        return
      case 'resumed':
        this.#ledger.resume(reading.bytes)
        return
      case 'mismatch':
        throw mismatch(`has another item at index ${reading.index}`)
      case 'end':
        this.#ended = { type: 'end' }
        return
      case 'failed':
        this.#ended = { type: 'failed', cause: reading.cause }
        return
    }
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }
}

function mismatch(what: string): ProducerError {
  return new ProducerError({
    code: 'JOURNAL_MISMATCH',
    message: `The source ${what}: the journal is about other items. Nothing was published.`,
    hint: 'Give the items of the run that was interrupted, in the same order, or another journal.',
  })
}
