import type { Readable } from 'node:stream'
import { late, within } from '@internal/async'
import { LONGEST_STANDARD_ERROR } from '@internal/contract'

/** Passes a program's standard error on to this process's own, and keeps the end of it. */
export class LastWords {
  readonly #stream: Readable
  readonly #ended: Promise<void>
  #kept = Buffer.alloc(0)

  constructor(standardError: Readable) {
    this.#stream = standardError
    this.#ended = new Promise((resolve) => {
      standardError.once('close', () => resolve())
      standardError.once('error', () => resolve())
    })
    standardError.on('data', (bytes: Buffer) => {
      // When the reader of our own standard error is slow, the program waits, as it would without us.
      if (!process.stderr.write(bytes)) {
        standardError.pause()
        process.stderr.once('drain', () => standardError.resume())
      }
      this.#kept = Buffer.concat([this.#kept, bytes]).subarray(-KEPT_BYTES)
    })
  }

  /** Waits until all is passed on, but not for processes that left the program's group and keep the stream open. */
  async heard(): Promise<void> {
    if ((await within(this.#ended, LEFT_OPEN_MS)) !== late) return
    // It is passed on as long as this process lives, and does not keep it alive.
    const { unref } = this.#stream as { unref?(): void }
    unref?.call(this.#stream)
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
const LEFT_OPEN_MS = 1_000
