import { within } from '@internal/async'
import { ProducerError } from '../errors.ts'
import type { Journal, JournalHeader, JournalRecord } from './journal.ts'
import { DIGEST_BYTES } from './journal-digest.ts'

/** How long a journal may take to close, milliseconds. */
const CLOSE_TIMEOUT_MS = 5_000

/** The items that earlier runs confirmed, in nine bytes each, and those that this run still has to write. */
export class JournalRun {
  readonly #journal: Journal
  readonly #onWritten: () => void
  #id = ''
  #isOpen = false
  #digests = Buffer.alloc(0)
  #known = new Uint8Array(0)
  #count = 0
  #unwritten: JournalRecord[] = []
  #writing = 0
  #failed: { readonly cause: unknown } | undefined
  #writingSince = 0

  constructor(journal: Journal, onWritten: () => void) {
    this.#journal = journal
    this.#onWritten = onWritten
  }

  /** The ids of messages begin with it. */
  get id(): string {
    return this.#id
  }

  /** One more than the last index that is known. */
  get end(): number {
    return this.#count
  }

  /** Confirmed and not yet safe in the journal. */
  get pending(): number {
    return this.#unwritten.length + this.#writing
  }

  /** How long the write that goes on has taken, milliseconds. */
  get writingForMs(): number {
    return this.#writing === 0 ? 0 : performance.now() - this.#writingSince
  }

  get failed(): { readonly cause: unknown } | undefined {
    return this.#failed
  }

  async open(header: JournalHeader): Promise<void> {
    try {
      const { id, records } = await this.#journal.open(header)
      this.#isOpen = true
      this.#id = id
      for await (const record of records) this.#learn(record)
    } catch (cause) {
      if (cause instanceof ProducerError) throw cause
      throw new ProducerError({
        code: 'JOURNAL_FAILED',
        message: 'The journal cannot be read. Nothing was published.',
        hint: 'See cause: is its folder there, and may this process write in it?',
        details: {},
        cause,
      })
    }
  }

  /** Closes the journal. The wait is bounded, and a journal that cannot be closed changes nothing: it has what was written. */
  async close(): Promise<void> {
    if (this.#isOpen) await within(this.#journal.close(), CLOSE_TIMEOUT_MS).catch(() => {})
  }

  /** Whether an earlier run confirmed the item at this index: `same`, or `other` when it was another item. */
  has(index: number, digest: string): 'same' | 'other' | 'no' {
    if (this.#known[index] !== 1) return 'no'
    const at = index * DIGEST_BYTES
    return this.#digests.toString('base64url', at, at + DIGEST_BYTES) === digest ? 'same' : 'other'
  }

  /** Items that are confirmed during a write are written together after it. */
  confirmed(index: number, digest: string): void {
    this.#unwritten.push({ index, digest })
    if (this.#writing === 0) void this.#write()
  }

  async #write(): Promise<void> {
    while (this.#unwritten.length > 0 && this.#failed === undefined) {
      const records = this.#unwritten
      this.#unwritten = []
      this.#writing = records.length
      this.#writingSince = performance.now()
      try {
        await this.#journal.append(records)
      } catch (cause) {
        this.#failed = { cause }
      }
      this.#writing = 0
      this.#onWritten()
    }
  }

  #learn({ index, digest }: JournalRecord): void {
    if (index >= this.#known.length) {
      const size = Math.max(1_024, index + 1, this.#known.length * 2)
      const known = new Uint8Array(size)
      known.set(this.#known)
      this.#known = known
      const digests = Buffer.alloc(size * DIGEST_BYTES)
      this.#digests.copy(digests)
      this.#digests = digests
    }
    this.#known[index] = 1
    this.#digests.write(digest, index * DIGEST_BYTES, DIGEST_BYTES, 'base64url')
    this.#count = Math.max(this.#count, index + 1)
  }
}
