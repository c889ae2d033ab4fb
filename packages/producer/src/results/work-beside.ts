import { within } from '@internal/async'
import { aborted } from '../abort.ts'

/** The run that does the items of a batch while their results are collected, if the app names one. */
export class WorkBeside {
  /** Aborts when the run has failed, and when the signal of the app does. */
  readonly signal: AbortSignal | undefined
  readonly #given: AbortSignal | undefined
  readonly #run: Promise<unknown> | undefined
  #failed: { readonly error: unknown } | undefined
  #isOver = false

  constructor(run: PromiseLike<unknown> | undefined, signal: AbortSignal | undefined) {
    this.#given = signal
    if (run === undefined) {
      this.signal = signal
      return
    }
    const failing = new AbortController()
    this.signal = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal])
    this.#run = Promise.resolve(run)
    // Handled from the beginning: a rejection that nobody awaits yet would end the process.
    this.#run.then(
      () => {
        this.#isOver = true
      },
      (error: unknown) => {
        this.#failed = { error }
        failing.abort(error)
      },
    )
  }

  /** Whether the run is over, so that nobody does the items that are missing. False without a run. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Waits for the end of the run. Rejects as it does, or when the signal of the app aborts. */
  async end(): Promise<void> {
    if (this.#run === undefined) return
    try {
      await within(this.#run, Number.POSITIVE_INFINITY, this.#given)
    } catch (error) {
      throw aborted(this.#given) ?? error
    }
  }

  /** Throws the error of the run, if it has failed before the app ended the call. */
  throwIfFailed(): void {
    if (this.#failed !== undefined && this.#given?.aborted !== true) throw this.#failed.error
  }
}
