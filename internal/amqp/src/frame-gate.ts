import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Type, channel and size before a frame's payload, and one byte at its end. */
const FRAME_HEAD = 7
const FRAME_OVERHEAD = 8
/** The last frame of an opening: class 10, method 41. */
const OPEN_OK = 0x000a_0029
/** No frame of an opening is larger. amqplib refuses a larger one from its head alone. */
const LARGEST = 1024 * 1024

/** Runs `connect`, and returns its result with the socket that it made (https://nodejs.org/api/diagnostics_channel.html#net). */
export function withSocket<T>(connect: () => T): { readonly result: T; readonly socket: Socket | undefined } {
  let socket: Socket | undefined
  const onSocket = (message: unknown): void => {
    socket ??= (message as { readonly socket: Socket }).socket
  }
  subscribe('net.client.socket', onSocket)
  try {
    const result = connect()
    return { result, socket }
  } finally {
    unsubscribe('net.client.socket', onSocket)
  }
}

/**
 * Holds back everything that a broker sends behind its `connection.open-ok`, until listeners are on the connection. amqplib
 * reads on before it hands the connection over: a frame in the same read, such as `connection.blocked` or one that cannot be
 * decoded, would emit an event that nobody can listen to yet, and an `error` event of that kind ends the process.
 */
export class FrameGate {
  readonly #socket: Socket
  #held: Buffer = Buffer.alloc(0)
  #isOpen = false

  /** Begins at once: its listener must come before those of amqplib. */
  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('readable', this.#onReadable)
  }

  /** Lets the bytes pass that were held back, and all others. */
  open(): void {
    if (this.#isOpen) return
    this.close()
    if (this.#held.length > 0) this.#socket.unshift(this.#held)
  }

  /** Ends without letting the bytes pass: the connection could not be opened. */
  close(): void {
    this.#isOpen = true
    this.#socket.off('readable', this.#onReadable)
  }

  readonly #onReadable = (): void => {
    if (this.#isOpen) return
    const bytes = this.#socket.read() as Buffer | null
    if (bytes !== null) this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    this.#passOne()
  }

  /** Hands one frame to amqplib, whose listener runs next in the same event. */
  #passOne(): void {
    const held = this.#held
    if (held.length < FRAME_HEAD) return
    const end = held.readUInt32BE(3) + FRAME_OVERHEAD
    if (end > LARGEST) this.open()
    if (end > held.length) return
    const isListening = this.#socket.listenerCount('readable') > 1
    if (isListening) {
      this.#held = held.subarray(end)
      this.#socket.unshift(held.subarray(0, end))
      if (end >= FRAME_HEAD + 4 && held.readUInt32BE(FRAME_HEAD) === OPEN_OK) return
    }
    if (this.#held.length > 0) setImmediate(() => this.#isOpen || this.#socket.emit('readable'))
  }
}
