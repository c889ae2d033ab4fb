import { randomBytes } from 'node:crypto'
import { digestOf } from '../journal/journal-digest.ts'
import type { JournalRun } from '../journal/journal-run.ts'
import type { Parcel } from '../publish/ledger.ts'
import { type ItemIterator, type Items, iterate } from './items.ts'
import { type Invalid, type Prepared, type PrepareOptions, prepare } from './prepare.ts'

/** What reading one item came to. */
export type Reading =
  | Parcel
  | Invalid
  /** Confirmed by an earlier run, by the journal. */
  | { readonly type: 'resumed'; readonly bytes: number }
  /** The journal knows another item at this place. */
  | { readonly type: 'mismatch'; readonly index: number }
  | { readonly type: 'end' }
  | { readonly type: 'failed'; readonly cause: unknown }

/**
 * Reads items one by one and only when asked. A reading that is not there yet stays the next one: who gives up waiting
 * for it loses nothing.
 */
export class Reader {
  readonly #source: ItemIterator
  readonly #options: PrepareOptions
  readonly #journal: JournalRun | undefined
  /** What the ids of its items begin with. */
  readonly #callId = randomBytes(12).toString('base64url')
  #index = 0
  readonly #onArrival: () => void
  #isPending = false
  #arrived: Reading | undefined
  #over = false

  constructor(items: Items, options: PrepareOptions, journal: JournalRun | undefined, onArrival: () => void) {
    this.#source = iterate(items)
    this.#options = options
    this.#journal = journal
    this.#onArrival = onArrival
  }

  /** The place of the next item. */
  get index(): number {
    return this.#index
  }

  /** Whether a reading that was under way is there. */
  get hasArrived(): boolean {
    return this.#arrived !== undefined
  }

  /** The next reading; undefined while it is under way: `onArrival` then says when it is there. */
  read(): Reading | undefined {
    const arrived = this.#arrived
    if (arrived !== undefined) {
      this.#arrived = undefined
      return this.#counted(arrived)
    }
    if (this.#isPending) return undefined
    const reading = this.#next()
    return reading === undefined ? undefined : this.#counted(reading)
  }

  /** Closes the source. One that is in the middle of an item is asked to, and not waited for. */
  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    try {
      const closing = this.#source.return?.()
      if (!this.#isPending) await closing
      else void Promise.resolve(closing).catch(() => {})
    } catch {
      // The call already ends with a reason of its own; a source that cannot be closed adds nothing to it.
    }
  }

  #counted(reading: Reading): Reading {
    if (reading.type === 'end' || reading.type === 'failed') this.#over = true
    else this.#index += 1
    return reading
  }

  /** Begins the next reading. Here and below functions are made once, not for each of millions of items. */
  #next(): Reading | undefined {
    let reading: Reading | Promise<Reading>
    try {
      const step = this.#source.next()
      if ('then' in step) {
        this.#isPending = true
        step.then(this.#onStep, this.#onFailure)
        return undefined
      }
      reading = this.#prepared(step)
    } catch (cause) {
      return { type: 'failed', cause }
    }
    if (!(reading instanceof Promise)) return reading
    this.#isPending = true
    reading.then(this.#onReading, this.#onFailure)
    return undefined
  }

  readonly #onStep = (step: IteratorResult<unknown>): void => {
    let reading: Reading | Promise<Reading>
    try {
      reading = this.#prepared(step)
    } catch (cause) {
      reading = { type: 'failed', cause }
    }
    if (reading instanceof Promise) reading.then(this.#onReading, this.#onFailure)
    else this.#onReading(reading)
  }

  readonly #onFailure = (cause: unknown): void => this.#onReading({ type: 'failed', cause })

  readonly #onReading = (reading: Reading): void => {
    this.#isPending = false
    this.#arrived = reading
    this.#onArrival()
  }

  #prepared(step: IteratorResult<unknown>): Reading | Promise<Reading> {
    if (step.done === true) return { type: 'end' }
    const index = this.#index
    const prepared = prepare(step.value, index, this.#options, this.#journal?.id ?? this.#callId)
    if (this.#journal === undefined) return prepared
    return prepared instanceof Promise ? prepared.then((value) => this.#judged(value)) : this.#judged(prepared)
  }

  /** By the journal. */
  #judged(prepared: Prepared): Reading {
    if (prepared.type === 'invalid') return prepared
    const { index, bytes } = prepared
    const digest = digestOf(prepared)
    const known = this.#journal?.has(index, digest)
    if (known === 'same') return { type: 'resumed', bytes }
    if (known === 'other') return { type: 'mismatch', index }
    return { ...prepared, digest }
  }
}
