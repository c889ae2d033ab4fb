/** The result of a call of `enqueue` in which every item was confirmed. */
export interface Receipt {
  readonly queue: string
  /** The id of this batch, with which `collectResults` finds its results. With a journal it is the same in every run. */
  readonly id: string
  /** The number of items. The broker has all of them on disk. */
  readonly confirmed: number
  /** Bytes of all bodies. */
  readonly bytes: number
  /** The number of these items that an earlier run had confirmed, according to its journal. Only with a journal. */
  readonly resumed?: number
  /** Milliseconds from the call to the last confirm. */
  readonly durationMs: number
}
