import type { Socket } from 'node:net'
import { Connection, type Frame, type Sink } from '../../../../node_modules/amqplib/lib/connection.js'
import { ConnectionClose, ConnectionCloseOk, ConnectionOpen } from '../../../../node_modules/amqplib/lib/defs.js'

/**
 * amqplib's connection with as few writes and round trips as RabbitMQ allows, since each of them is paid for every item.
 *
 * - All frames of one turn of the event loop leave in one write, those of every channel in the order in which they came.
 *   amqplib keeps a stream for each channel; what it gains by that, fairness between channels that publish, a worker
 *   does not need.
 * - What is sent on a channel before the connection is open leaves with the frame that opens it. A broker takes frames in
 *   order, and closes the connection at the first that it refuses.
 * - The close may leave behind other frames: {@link closeBehind}.
 */
export class WorkerConnection extends Connection {
  readonly #socket: Socket
  readonly #outbox: Buffer[] = []
  /** Frames of channels that wait for the connection to be opened; undefined once that is on its way. */
  #early: Buffer[] | undefined = []
  #closeSent = false
  readonly #closed: ((error: null) => void)[] = []

  constructor(socket: Socket) {
    super(socket)
    this.#socket = socket
    const control = this.channels[0]
    if (control) control.buffer = this.#sink((frame) => this.#send(frame))
    this.on('close', () => {
      // The broker has nothing more to say: its end of the connection is not waited for.
      if (socket.writableLength === 0) socket.destroy()
      else socket.destroySoon()
      for (const closed of this.#closed) closed(null)
    })
  }

  override sendMethod(channel: number, method: number, fields: object): boolean {
    const sent = super.sendMethod(channel, method, fields)
    if (method === ConnectionOpen) {
      for (const frame of this.#early ?? []) this.#send(frame)
      this.#early = undefined
    }
    return sent
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
