import type { Readable, Writable } from 'node:stream'
import { late, within } from '@internal/async'

/** An output of a program that is passed on to this process's own, and that somebody else hears too. */
export class PassedOn {
  readonly #stream: Readable
  readonly #ended: Promise<void>

  constructor(stream: Readable, to: Writable, onBytes: (bytes: Buffer) => void) {
    this.#stream = stream
    this.#ended = new Promise((resolve) => {
      stream.once('close', () => resolve())
      stream.once('error', () => resolve())
    })
    stream.on('data', (bytes: Buffer) => {
      // When the reader of our own output is slow, the program waits, as it would without us.
      if (!to.write(bytes)) {
        stream.pause()
        to.once('drain', () => stream.resume())
      }
      onBytes(bytes)
    })
  }

  /** Waits until all is passed on, but not for processes that left the program's group and keep the stream open. */
  async heard(): Promise<void> {
    if ((await within(this.#ended, LEFT_OPEN_MS)) !== late) return
    // It is passed on as long as this process lives, and does not keep it alive.
    const { unref } = this.#stream as { unref?(): void }
    unref?.call(this.#stream)
  }
}

const LEFT_OPEN_MS = 1_000
