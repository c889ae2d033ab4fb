import { LONGEST_STANDARD_ERROR } from '@internal/contract'

/** Keeps the end of a program's standard error. */
export class LastWords {
  #kept = Buffer.alloc(0)

  add(bytes: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, bytes]).subarray(-KEPT_BYTES)
  }

  /** The last lines, without a first one that is cut off. */
  get text(): string {
    const text = this.#kept.toString().trimEnd()
    if (text.length <= LONGEST_STANDARD_ERROR) return text
    const end = text.slice(-LONGEST_STANDARD_ERROR)
    const lineBreak = end.indexOf('\n')
    return lineBreak === -1 ? end : end.slice(lineBreak + 1)
  }
}

const KEPT_BYTES = LONGEST_STANDARD_ERROR * 4

/** Keeps a program's standard output, which is the result of its item, up to one byte more than it may have. */
export class ResultOutput {
  readonly #parts: Buffer[] = []
  #room: number

  constructor(maxBytes: number) {
    this.#room = maxBytes + 1
  }

  add(bytes: Buffer): void {
    if (this.#room === 0) return
    const part = bytes.subarray(0, this.#room)
    this.#room -= part.length
    this.#parts.push(part)
  }

  /** Text where it is UTF-8, else bytes. */
  get value(): string | Buffer {
    const bytes = Buffer.concat(this.#parts)
    const text = bytes.toString()
    return Buffer.from(text).equals(bytes) ? text : bytes
  }
}
