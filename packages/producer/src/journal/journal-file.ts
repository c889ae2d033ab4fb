import { randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ProducerError } from '../errors.ts'
import type { Journal, JournalContents, JournalHeader, JournalRecord } from './journal.ts'
import { lockJournal, type UnlockJournal } from './journal-lock.ts'

/** The first word of the file, and the version of its format. */
const FORMAT = 'podqueue-journal-1'
const RECORD = /^(\d{1,15}) ([\w-]{12})$/
/** The file is read in pieces of this size, bytes: it may be larger than the longest string. */
const PIECE = 64 * 1024
/** Two names of at most 250 bytes, an id, and room for escapes. */
const LONGEST_HEADER = 8 * 1024
const LINE_FEED = 0x0a

/**
 * A journal in a file of lines: a header in JSON, then an index and a digest each. Lines are only added, and flushed to the disk
 * before an item counts as settled. A last line that was torn by a crash is removed.
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
      const file = await open(this.#path, 'a+', 0o600)
      this.#file = file
      const { size } = await file.stat()
      const end = await endOfLines(file, size)
      const firstLine = await readHeader(file, end)
      const id = firstLine === undefined ? randomUUID() : this.#identity(firstLine, header)
      // A file that is no journal is left as it is.
      if (firstLine === undefined && !(await isTornHeader(file, size))) throw this.#noJournal()
      if (end < size) await file.truncate(end)
      if (firstLine === undefined) {
        await this.#write(`${JSON.stringify({ format: FORMAT, id, ...header })}\n`)
        return { id, records: [] }
      }
      return { id, records: recordsIn(this.#path, file, Buffer.byteLength(firstLine) + 1, end) }
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

  /** The id in the header. @throws {ProducerError} when the header is about another queue, or is no header */
  #identity(firstLine: string, { vhost, queue }: JournalHeader): string {
    const header = parseHeader(firstLine)
    if (header === undefined) throw this.#noJournal()
    if (header.queue === queue && header.vhost === vhost) return header.id
    throw new ProducerError({
      code: 'JOURNAL_MISMATCH',
      message: `The journal ${this.#path} is about queue ${header.queue} in vhost ${header.vhost}, not queue ${queue} in vhost ${vhost}.`,
      hint: 'Give each queue a journal of its own.',
      details: { journal: this.#path, queue: header.queue, vhost: header.vhost },
    })
  }

  #noJournal(): ProducerError<'JOURNAL_MISMATCH'> {
    return new ProducerError({
      code: 'JOURNAL_MISMATCH',
      message: `The file ${this.#path} is not a journal of podqueue.`,
      hint: 'Give a path where there is no file yet.',
      details: { journal: this.#path },
    })
  }
}

/** Whether a file without a whole line is empty, or holds the beginning of a header that a crash has torn. */
async function isTornHeader(file: FileHandle, size: number): Promise<boolean> {
  const text = (await readPiece(file, 0, Math.min(size, LONGEST_HEADER))).toString('utf8')
  const beginning = JSON.stringify({ format: FORMAT }).slice(0, -1)
  return size <= LONGEST_HEADER && (text.startsWith(beginning) || beginning.startsWith(text))
}

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; end = Math.max(0, end - PIECE)) {
    const start = Math.max(0, end - PIECE)
    const last = (await readPiece(file, start, end)).lastIndexOf(LINE_FEED)
    if (last !== -1) return start + last + 1
  }
  return 0
}

/** The first line of a file whose lines end there; undefined when it is empty. */
async function readHeader(file: FileHandle, end: number): Promise<string | undefined> {
  if (end === 0) return undefined
  const piece = await readPiece(file, 0, Math.min(end, LONGEST_HEADER))
  const length = piece.indexOf(LINE_FEED)
  return piece.toString('utf8', 0, length === -1 ? piece.length : length)
}

async function readPiece(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
  return buffer.subarray(0, bytesRead)
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

async function* recordsIn(path: string, file: FileHandle, start: number, end: number): AsyncGenerator<JournalRecord> {
  let rest = ''
  for (let at = start; at < end; ) {
    const piece = await readPiece(file, at, Math.min(at + PIECE, end))
    if (piece.length === 0) break
    at += piece.length
    const lines = (rest + piece.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield toRecord(path, line)
    if (rest.length > PIECE) toRecord(path, rest)
  }
  if (rest !== '') yield toRecord(path, rest)
}

function toRecord(path: string, line: string): JournalRecord {
  const [, index, digest] = RECORD.exec(line) ?? []
  if (index !== undefined && digest !== undefined) return { index: Number(index), digest }
  throw new ProducerError({
    code: 'JOURNAL_MISMATCH',
    message: `The journal ${path} holds a line that is not a record of an item.`,
    hint: 'Another program wrote into it. Without the file, every item is published again.',
    details: { journal: path },
  })
}
