import type { Socket } from 'node:net'
import { Connection, type Frame, type Sink, type Step } from '../../../../node_modules/amqplib/lib/connection.js'
import {
  ConnectionClose,
  ConnectionCloseOk,
  ConnectionOpen,
  ConnectionStartOk,
  ConnectionTuneOk,
} from '../../../../node_modules/amqplib/lib/defs.js'
import { decodeFrame, parseFrame } from '../../../../node_modules/amqplib/lib/frame.js'

/** What a client says of itself, and what it proposes, under the names of the protocol. */
export interface OpenFields {
  readonly channelMax: number
  readonly frameMax: number
  readonly [name: string]: unknown
}

/**
 * How a connection is opened.
 *
 * - `at-once`: all that the client has to say leaves in one write, in the hope that the broker proposes no less than what the
 *   client asks for. One round trip instead of three.
 * - `in-turn`: each step after the broker's answer to the one before.
 */
export type Opening = 'at-once' | 'in-turn'

/** The broker allows less than what was asked of it at once: only `in-turn` can open this connection. */
export class AllowedLess extends Error {}

/**
 * amqplib's connection with as few writes and round trips as RabbitMQ allows, since each of them is paid for every item.
 *
 * - All frames of one turn of the event loop leave in one write, those of every channel in the order in which they came.
 *   amqplib keeps a stream for each channel; what it gains by that, fairness between channels that publish, a worker
 *   does not need.
 * - What opens the connection leaves in one write, see {@link Opening}, and what is sent on a channel before it is open leaves
 *   behind it. A broker takes frames in order, and closes the connection at the first that it refuses.
 * - The close may leave behind other frames: {@link closeBehind}.
 * - What arrives is read as the socket's `data`. amqplib waits for `readable`, which comes a tick later, and reads twice.
 */
export class WorkerConnection extends Connection {
  readonly #socket: Socket
  readonly #opening: Opening
  /** What has been sent before amqplib comes to it. */
  #ahead: OpenFields | undefined
  readonly #outbox: Buffer[] = []
  /** Frames of channels that wait for the connection to be opened; undefined once that is on its way. */
  #early: Buffer[] | undefined = []
  /** Who waits for one frame while the connection opens; after that they go to `accept`. */
  #step: Step | undefined
  #isOpen = false
  #closeSent = false
  readonly #closed: ((error: null) => void)[] = []

  constructor(socket: Socket, opening: Opening) {
    super(socket)
    this.#socket = socket
    this.#opening = opening
    const control = this.channels[0]
    if (control) control.buffer = this.#sink((frame) => this.#send(frame))
    socket.on('data', (piece: Buffer) => {
      this.recvSinceLastCheck = true
      this.rest = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece])
      this.#receive()
    })
    this.on('close', (error) => {
      if (error === undefined) closeLater(socket)
      else socket.destroy()
      for (const closed of this.#closed) closed(null)
    })
  }

  override step(callback: Step): void {
    this.#step = callback
    this.#receive()
  }

  override acceptLoop(): void {
    this.#isOpen = true
    this.#receive()
  }

  override recvFrame(): Frame | false {
    const frame = parseFrame(this.rest, this.maxFrameSize)
    if (frame === false) return false
    this.rest = frame.rest
    return decodeFrame(frame)
  }

  #receive(): void {
    while (this.#step !== undefined) {
      const step = this.#step
      let frame: Frame | false
      try {
        frame = this.recvFrame()
      } catch (error) {
        this.#step = undefined
        step(error, null)
        return
      }
      if (frame === false) return
      this.#step = undefined
      step(null, frame)
    }
    if (!this.#isOpen) return
    try {
      for (let frame = this.recvFrame(); frame !== false; frame = this.recvFrame()) this.accept(frame)
    } catch (error) {
      this.emit('frameError', error)
    }
  }

  /** @throws {AllowedLess} by way of the callback, when opened `at-once` */
  override open(fields: OpenFields, callback: (error: Error | null) => void): void {
    super.open(fields, callback)
    if (this.#opening === 'in-turn') return
    for (const method of OPENING) this.sendMethod(0, method, fields)
    this.#ahead = fields
  }

  override sendMethod(channel: number, method: number, fields: object): boolean {
    if (this.#ahead !== undefined && OPENING.includes(method)) {
      // amqplib's turn to send it, after what the broker proposed: less would have been refused by now.
      if (method === ConnectionTuneOk && isLess(fields as OpenFields, this.#ahead)) throw new AllowedLess()
      if (method === ConnectionOpen) this.#ahead = undefined
      return true
    }
    const sent = super.sendMethod(channel, method, fields)
    if (method === ConnectionOpen) {
      for (const frame of this.#early ?? []) this.#send(frame)
      this.#early = undefined
    }
    return sent
  }

  override sendBytes(bytes: Buffer | string): void {
    this.sentSinceLastCheck = true
    this.#send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  override freshChannel(channel: { accept(frame: Frame): void }): number {
    const number = this.freeChannels.nextClearBit(1)
    this.freeChannels.set(number)
    const buffer = this.#sink((frame) => {
      if (this.#early === undefined) this.#send(frame)
      else this.#early.push(frame)
    })
    this.channels[number] = { channel, buffer }
    return number
  }

  /**
   * Sends the close behind what was sent before, in the same write, and takes in what the broker still answers to that:
   * it answers in order. {@link close} then waits for the answer.
   */
  closeBehind(): void {
    if (this.#closeSent) return
    this.#closeSent = true
    this.sendMethod(0, ConnectionClose, { replyText: 'Done', replyCode: 200, methodId: 0, classId: 0 })
    const control = this.channels[0]?.channel
    if (control === undefined) return
    const accept = control.accept
    control.accept = (frame) => {
      if (frame.id !== ConnectionCloseOk) return accept(frame)
      this.expectSocketClose = true
      // Later than whoever waits for an answer that was read together with this one: closing ends the channels.
      setImmediate(() => this.toClosed('ConnectionCloseOk'))
    }
  }

  /** The end, which amqplib comes to in the turn in which it answers the broker's close. */
  override toClosed(stack: string, error?: Error): void {
    this.#flush()
    super.toClosed(stack, error)
  }

  override close(callback: (error: Error | null) => void): void {
    if (this.#closeSent) this.#closed.push(callback)
    else super.close(callback)
  }

  #sink(write: (frame: Buffer) => void): Sink {
    return {
      write: (frame) => {
        write(frame)
        return true
      },
      end: () => {},
    }
  }

  #send(frame: Buffer): void {
    if (this.#outbox.push(frame) === 1) process.nextTick(() => this.#flush())
  }

  #flush(): void {
    const frames = this.#outbox.splice(0)
    const [first] = frames
    if (frames.length > 0 && this.#socket.writable)
      this.#socket.write(frames.length === 1 && first !== undefined ? first : Buffer.concat(frames))
  }
}

/** What a client sends to open a connection, behind the protocol's header. */
const OPENING = [ConnectionStartOk, ConnectionTuneOk, ConnectionOpen]

function isLess(one: OpenFields, other: OpenFields): boolean {
  return one.frameMax < other.frameMax || one.channelMax < other.channelMax
}

/** How much later than its connection a socket is closed, milliseconds. */
const LINGER_MS = 100

/**
 * Closes the socket later, since both sides have said all. A process that ends before that need not do it, and saves most of
 * a millisecond: to close a socket, Node makes `process.stderr`.
 */
function closeLater(socket: Socket): void {
  // Else it would close itself when the broker closes its end, which it does at once.
  socket.pause()
  socket.unref()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}
