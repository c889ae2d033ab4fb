/** Which items a journal is about. */
export interface JournalHeader {
  /** Null where only the owner of the connection knows it. */
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

/** What a journal knew when it was opened. */
export interface JournalContents {
  /** The same in every run: the ids of messages that have none are made of it, so that a second publish keeps the first's. */
  readonly id: string
  readonly records: Iterable<JournalRecord> | AsyncIterable<JournalRecord>
}

/**
 * Where `enqueue` keeps what is confirmed, so that a producer that was killed can be started again over the same items
 * and publishes only the rest. A path makes one of a file; anything that keeps records, as a database, can be another.
 */
export interface Journal {
  /** Opens it for one run, alone, and gives what earlier runs left. Called once, before anything is published. */
  open(header: JournalHeader): Promise<JournalContents>
  /** Resolves when the records would outlive a crash. Called again only after it has resolved. */
  append(records: readonly JournalRecord[]): Promise<void>
  /** Ends the run. */
  close(): Promise<void>
}
