import { randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ProducerError } from '../errors.ts'
import type { Journal, JournalContents, JournalHeader, JournalRecord } from './journal.ts'
import { lockJournal, type UnlockJournal } from './journal-lock.ts'

/** The first word of the file, and the version of its format. */
const FORMAT = 'podqueue-journal-1'
const RECORD = /^(\d{1,15}) ([\w-]{12})$/

/**
 * A journal in a file of lines: a header in JSON, then an index and a digest each. Lines are only added, and flushed to
 * the disk before an item counts as settled; a last line that was torn by a crash is taken away.
 */
export class JournalFile implements Journal {
  readonly #path: string
  #file: FileHandle | undefined
  #unlock: UnlockJournal | undefined

  constructor(path: string) {
    this.#path = path
  }

  async open(header: JournalHeader): Promise<JournalContents> {
    this.#unlock = await lockJournal(this.#path)
    try {
      this.#file = await open(this.#path, 'a+', 0o600)
      const text = await this.#file.readFile('utf8')
      const end = text.lastIndexOf('\n') + 1
      const { id, isNew } = this.#identity(text.slice(0, end), header)
      if (Buffer.byteLength(text) !== Buffer.byteLength(text.slice(0, end))) {
        await this.#file.truncate(Buffer.byteLength(text.slice(0, end)))
      }
      if (isNew) await this.#write(`${JSON.stringify({ format: FORMAT, id, ...header })}\n`)
      return { id, records: recordsIn(this.#path, text, end) }
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    await this.#write(records.map(({ index, digest }) => `${index} ${digest}\n`).join(''))
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
    await this.#unlock?.()
    this.#unlock = undefined
  }

  async #write(text: string): Promise<void> {
    await this.#file?.appendFile(text)
    await this.#file?.datasync()
  }

  #identity(text: string, { vhost, queue }: JournalHeader): { readonly id: string; readonly isNew: boolean } {
    if (text === '') return { id: randomUUID(), isNew: true }
    const header = parseHeader(text.slice(0, text.indexOf('\n')))
    if (header === undefined) {
      throw new ProducerError({
        code: 'JOURNAL_MISMATCH',
        message: `The file ${this.#path} is not a journal of podqueue.`,
        hint: 'Give a path where there is no file yet.',
        details: { journal: this.#path },
      })
    }
    if (header.queue === queue && header.vhost === vhost) return { id: header.id, isNew: false }
    throw new ProducerError({
      code: 'JOURNAL_MISMATCH',
      message: `The journal ${this.#path} is about queue ${header.queue} in vhost ${header.vhost}, not queue ${queue} in vhost ${vhost}.`,
      hint: 'Give each queue a journal of its own.',
      details: { journal: this.#path, queue: header.queue, vhost: header.vhost },
    })
  }
}

function parseHeader(line: string): (JournalHeader & { readonly id: string }) | undefined {
  try {
    const header: unknown = JSON.parse(line)
    if (typeof header !== 'object' || header === null || !('format' in header) || header.format !== FORMAT)
      return undefined
    return header as unknown as JournalHeader & { readonly id: string }
  } catch {
    return undefined
  }
}

function* recordsIn(path: string, text: string, end: number): Generator<JournalRecord> {
  let at = text.indexOf('\n') + 1
  while (at < end) {
    const next = text.indexOf('\n', at)
    const line = text.slice(at, next)
    at = next + 1
    const [, index, digest] = RECORD.exec(line) ?? []
    if (index === undefined || digest === undefined) {
      throw new ProducerError({
        code: 'JOURNAL_MISMATCH',
        message: `The journal ${path} holds a line that is not a record of an item.`,
        hint: 'Something else wrote into it. Without it, everything is published again.',
        details: { journal: path },
      })
    }
    yield { index: Number(index), digest }
  }
}
