import { within } from '@internal/async'
import { type ItemIterator, type Items, iterate } from './items.ts'
import { type Prepared, type PrepareOptions, prepare } from './prepare.ts'

/** The result of reading one item. */
export type Reading = Prepared | { readonly type: 'end' } | { readonly type: 'failed'; readonly cause: unknown }

/** How long a source may take to close, milliseconds. Then it is given up. */
const CLOSE_TIMEOUT_MS = 1_000

/**
 * Reads items one by one and only when asked. A reading that has not arrived yet stays the next one, so a caller that stops
 * waiting for it loses nothing.
 */
export class ItemReader {
  readonly #source: ItemIterator
  readonly #options: PrepareOptions
  readonly #callId: () => string
  readonly #onArrival: () => void
  #index = 0
  #isPending = false
  #arrived: Reading | undefined
  #isOver = false

  /**
   * @param callId the beginning of the ids of messages that have none
   * @param onArrival called when a reading that took its time has arrived
   */
  constructor(items: Items, options: PrepareOptions, callId: () => string, onArrival: () => void) {
    this.#source = iterate(items)
    this.#options = options
    this.#callId = callId
    this.#onArrival = onArrival
  }

  /** The place of the next item. */
  get index(): number {
    return this.#index
  }

  /** Whether a reading that took its time has arrived. */
  get hasArrived(): boolean {
    return this.#arrived !== undefined
  }

  /** The next reading; undefined while it is on its way: `onArrival` is called when it is there. */
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

  /** Closes the source. The wait is bounded: a source that never settles is given up. */
  async close(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    try {
      const closing = this.#source.return?.()
      // A generator that is in the middle of an item closes only after it, which may be never.
      await within(Promise.resolve(closing), this.#isPending ? 0 : CLOSE_TIMEOUT_MS)
    } catch {
      // The call already ends with a reason of its own; a source that cannot be closed adds nothing to it.
    }
  }

  #counted(reading: Reading): Reading {
    if (reading.type === 'end' || reading.type === 'failed') this.#isOver = true
    else this.#index += 1
    return reading
  }

  /** Begins the next reading. Here and below functions are made once, not for each of millions of items. */
  #next(): Reading | undefined {
    let reading: Reading | Promise<Reading>
    try {
      const step = this.#source.next()
      if (isPromise(step)) {
        this.#isPending = true
        const arriving = step instanceof Promise ? step : Promise.resolve(step)
        arriving.then(this.#onStep, this.#onFailure)
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
    if (typeof step !== 'object' || step === null) throw new TypeError('The iterator did not return an object.')
    if (step.done === true) return { type: 'end' }
    return prepare(step.value, this.#index, this.#options, this.#callId())
  }
}

function isPromise(step: ReturnType<ItemIterator['next']>): step is PromiseLike<IteratorResult<unknown>> {
  return typeof step === 'object' && step !== null && 'then' in step
}
