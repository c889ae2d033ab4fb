import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

const CHUNK = 256 * 1024

/** One line of output, or a piece of a long one (`whole` false). Latin-1: each character is one byte. */
export interface LogLine {
  readonly time: string
  readonly whole: boolean
  readonly text: string
}

export function logFile(folder: string, podUid: string, container: string, restart: number): string {
  return join(folder, 'logs', podUid, container, `${restart}.log`)
}

/** Reads a log file, and the older one that was put aside, in pieces: first the lines that are there, then those that have come since. */
export class LogReader implements Disposable {
  readonly #file: string
  #fd: number | undefined
  #rest = ''

  constructor(file: string) {
    this.#file = file
    this.#fd = open(`${file}.1`) ?? open(file)
  }

  /** The lines since the last call. Empty when the file is not there yet. */
  read(): LogLine[] {
    let text = this.#rest
    for (;;) {
      this.#fd ??= open(this.#file)
      if (this.#fd === undefined) break
      text += readOn(this.#fd)
      const current = statSync(this.#file, { throwIfNoEntry: false })
      if (!current || current.ino === fstatSync(this.#fd).ino) break
      // This file was put aside: read the lines that were written just before that, then the next file.
      text += readOn(this.#fd)
      closeSync(this.#fd)
      this.#fd = undefined
    }
    const lines = text.split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.map(parseLine)
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

/** The end of a log as text, for a termination message: at most 80 lines and 2048 bytes, as the kubelet takes them. */
export function logTail(file: string): string {
  const reader = new LogReader(file)
  const lines = reader.read()
  reader[Symbol.dispose]()
  const text = lines
    .slice(-80)
    .map(({ text, whole }) => (whole ? `${text}\n` : text))
    .join('')
  return Buffer.from(text.slice(-2048), 'latin1').toString()
}

function open(file: string): number | undefined {
  try {
    return openSync(file, 'r')
  } catch {
    return undefined
  }
}

function readOn(fd: number): string {
  const buffer = Buffer.allocUnsafe(CHUNK)
  let text = ''
  for (;;) {
    const bytes = readSync(fd, buffer)
    if (bytes === 0) return text
    text += buffer.toString('latin1', 0, bytes)
  }
}

function parseLine(line: string): LogLine {
  const first = line.indexOf(' ')
  return { time: line.slice(0, first), whole: line[first + 1] === 'F', text: line.slice(first + 3) }
}
