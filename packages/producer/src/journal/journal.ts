/** The queue that a journal is about. */
export interface JournalHeader {
  /** Null when only the owner of the connection knows it. */
  readonly vhost: string | null
  readonly queue: string
}

/** One item that the broker confirmed. */
export interface JournalRecord {
  /** Its place in `items`, from 0. */
  readonly index: number
  /** A digest of the item as it was published. */
  readonly digest: string
}

/** The contents of a journal when it was opened. */
export interface JournalContents {
  /** The same in every run. The ids of messages that have none begin with it, so that a second publish has the id of the first. */
  readonly id: string
  readonly records: Iterable<JournalRecord> | AsyncIterable<JournalRecord>
}

/**
 * Keeps which items `enqueue` has confirmed, so that a producer that was killed can be started again over the same items and
 * publishes only the rest. A path makes a journal of a file. Anything that keeps records, such as a database, can be another.
 */
export interface Journal {
  /** Opens it for one run alone, and returns the records of earlier runs. Called once, before anything is published. */
  open(header: JournalHeader): Promise<JournalContents>
  /** Adds records. Resolves when they would survive a crash. Called again only after it has resolved. */
  append(records: readonly JournalRecord[]): Promise<void>
  /** Ends the run. */
  close(): Promise<void>
}
