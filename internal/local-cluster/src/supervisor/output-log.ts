import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes after which a log file is put aside as `<file>.1`, and the one before that is dropped: the kubelet's own default. */
const MAX_LOG_BYTES = 10 * 1024 * 1024

/** Characters of an unfinished line that are held back at most before they are written as a piece of their own. */
const MAX_LINE = 16 * 1024

/**
 * Writes output as lines of `<time> <F|P> <text>`, the form of the container runtimes' log files: F ends a line, P is a
 * piece of one. Latin-1 in and out, which keeps every byte as it was.
 */
export class OutputLog {
  readonly #file: string
  #fd: number | undefined
  #bytes = 0
  #rest = ''

  constructor(file: string) {
    this.#file = file
  }

  write(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    this.#rest = lines.pop() ?? ''
    const time = timestamp()
    let text = ''
    for (const line of lines) text += `${time} F ${line}\n`
    while (this.#rest.length > MAX_LINE) {
      text += `${time} P ${this.#rest.slice(0, MAX_LINE)}\n`
      this.#rest = this.#rest.slice(MAX_LINE)
    }
    this.#append(text)
  }

  close(): void {
    if (this.#rest !== '') this.#append(`${timestamp()} P ${this.#rest}\n`)
    this.#rest = ''
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #append(text: string): void {
    if (text === '') return
    const bytes = Buffer.from(text, 'latin1')
    this.#fd ??= this.#open()
    if (this.#bytes > 0 && this.#bytes + bytes.length > MAX_LOG_BYTES) {
      closeSync(this.#fd)
      renameSync(this.#file, `${this.#file}.1`)
      this.#fd = this.#open()
      this.#bytes = 0
    }
    writeSync(this.#fd, bytes)
    this.#bytes += bytes.length
  }

  /** At the first output: many a container says nothing, and a folder costs more than most of its run. */
  #open(): number {
    mkdirSync(dirname(this.#file), { recursive: true })
    return openSync(this.#file, 'a', 0o600)
  }
}

/** RFC 3339 with nine digits, as Kubernetes writes it. */
function timestamp(): string {
  const ms = performance.timeOrigin + performance.now()
  const second = new Date(ms).toISOString().slice(0, 19)
  const nanoseconds = Math.floor((ms % 1000) * 1000) * 1000
  return `${second}.${String(nanoseconds).padStart(9, '0')}Z`
}
