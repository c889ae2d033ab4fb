import { HEADER as HEADERS } from '@internal/contract'
import type { EncodedMessage } from '../items/encoded-item.ts'
import { encodeFieldTable } from '../items/field-table.ts'
import { checkProperties, FRAME_OVERHEAD } from './properties-size.ts'
import type { Stamp } from './stamp.ts'

export interface FrameWriterOptions {
  /** The channel's number on its connection. */
  readonly channel: number
  readonly queue: string
  readonly stamp: Stamp
  /** The largest frame that both sides agreed on, bytes. */
  readonly frameMax: number
  /** Sends bytes, and calls `sent` once they may be written over. */
  readonly send: (bytes: Buffer, sent: () => void) => void
}

const SLAB_BYTES = 64 * 1024
const FREE_SLABS = 8
const NONE = Buffer.alloc(0)

const FRAME_END = 0xce
const METHOD = 1
const HEADER = 2
const BODY = 3
const CLASS_BASIC = 60
const METHOD_PUBLISH = 40
const MANDATORY = 1
const PERSISTENT = 2
/** The properties that every header frame holds: content type, delivery mode, message id and type. */
const FLAGS = 0x8000 | 0x1000 | 0x0080 | 0x0020
const HEADERS_FLAG = 0x2000
const PRIORITY_FLAG = 0x0800
const ANSWER_FLAGS = 0x0400 | 0x0200

/**
 * Writes `basic.publish` in the frames of AMQP 0-9-1 (https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 2.3.5 and 4.2),
 * many messages to a buffer. A buffer is sent when it is full, at `flush`, and by itself when the event loop turns.
 */
export class FrameWriter {
  readonly #options: FrameWriterOptions
  readonly #method: Buffer
  readonly #type: Buffer
  readonly #replyTo: Buffer
  readonly #types = new Map<string, Buffer>()
  readonly #free: Buffer[] = []
  #slab: Buffer = NONE
  #used = 0
  #scheduled = false
  #discarded = false

  constructor(options: FrameWriterOptions) {
    this.#options = options
    this.#method = methodFrame(options.channel, options.queue)
    this.#type = shortString(options.stamp.type)
    this.#replyTo = options.stamp.replyTo === undefined ? NONE : shortString(options.stamp.replyTo)
  }

  /**
   * @param sequence a header to be written besides the message's own; undefined for none
   * @throws {TypeError} when the properties do not fit in a frame; then nothing is written
   */
  add(message: EncodedMessage & { readonly index: number }, sequence: number | undefined): void {
    const { content, contentType, id, headerBytes, priority, bytes } = message
    const type = this.#typeBytes(contentType)
    const table = headerBytes === undefined && sequence === undefined ? NONE : headerTable(headerBytes, sequence)
    const idLength = Buffer.byteLength(id)
    const answer = this.#replyTo.length === 0 ? '' : String(message.index)
    const answerLength = answer === '' ? 0 : 1 + answer.length + this.#replyTo.length
    const own = 1 + type.length + table.length + 1 + (priority === undefined ? 0 : 1) + 1 + idLength
    const payload = 14 + own + answerLength + this.#type.length
    checkProperties(payload, this.#options.frameMax)
    const maxBody = this.#options.frameMax - FRAME_OVERHEAD
    const bodyFrames = bytes === 0 ? 0 : Math.ceil(bytes / maxBody)
    this.#reserve(this.#method.length + FRAME_OVERHEAD + payload + bytes + bodyFrames * FRAME_OVERHEAD)
    const slab = this.#slab
    let at = this.#used
    at += this.#method.copy(slab, at)

    at = this.#frameStart(HEADER, payload, at)
    at = slab.writeUInt16BE(CLASS_BASIC, at)
    at = slab.writeUInt16BE(0, at)
    at = slab.writeUInt32BE(0, at)
    at = slab.writeUInt32BE(bytes, at)
    const withHeaders = table.length === 0 ? FLAGS : FLAGS | HEADERS_FLAG
    const withPriority = priority === undefined ? withHeaders : withHeaders | PRIORITY_FLAG
    at = slab.writeUInt16BE(answerLength === 0 ? withPriority : withPriority | ANSWER_FLAGS, at)
    slab[at++] = type.length
    at += type.copy(slab, at)
    if (table.length > 0) at += table.copy(slab, at)
    slab[at++] = PERSISTENT
    if (priority !== undefined) slab[at++] = priority
    if (answerLength > 0) {
      slab[at++] = answer.length
      at += slab.write(answer, at, 'latin1')
      at += this.#replyTo.copy(slab, at)
    }
    slab[at++] = idLength
    // One byte a character: the common case, and a plain copy.
    at += idLength === id.length ? slab.write(id, at, 'latin1') : slab.write(id, at)
    at += this.#type.copy(slab, at)
    slab[at++] = FRAME_END

    this.#used = bodyFrames === 1 ? this.#oneBody(content, bytes, at) : this.#bodies(content, maxBody, at)
    this.#schedule()
  }

  flush(): void {
    if (this.#used === 0 || this.#discarded) return
    const slab = this.#slab
    const bytes = slab.subarray(0, this.#used)
    // The socket still reads these bytes, so they must not be written into before they are sent. Then the buffer is used again:
    // memory that is given up with every write is freed late, and a long call would grow.
    this.#slab = this.#free.pop() ?? NONE
    this.#used = 0
    this.#options.send(bytes, () => {
      if (slab.length === SLAB_BYTES && this.#free.length < FREE_SLABS) this.#free.push(slab)
    })
  }

  /** Sends nothing more: frames on a channel that is closed would end the whole connection. */
  discard(): void {
    this.#used = 0
    this.#slab = NONE
    this.#discarded = true
  }

  #oneBody(content: string | Buffer, bytes: number, from: number): number {
    let at = this.#frameStart(BODY, bytes, from)
    if (typeof content !== 'string') at += content.copy(this.#slab, at)
    else at += bytes === content.length ? this.#slab.write(content, at, 'latin1') : this.#slab.write(content, at)
    this.#slab[at++] = FRAME_END
    return at
  }

  #bodies(content: string | Buffer, maxBody: number, from: number): number {
    const body = typeof content === 'string' ? Buffer.from(content) : content
    let at = from
    for (let offset = 0; offset < body.length; offset += maxBody) {
      const part = body.subarray(offset, offset + maxBody)
      at = this.#frameStart(BODY, part.length, at)
      at += part.copy(this.#slab, at)
      this.#slab[at++] = FRAME_END
    }
    return at
  }

  #frameStart(type: number, size: number, from: number): number {
    const slab = this.#slab
    let at = from
    slab[at++] = type
    at = slab.writeUInt16BE(this.#options.channel, at)
    return slab.writeUInt32BE(size, at)
  }

  #reserve(bytes: number): void {
    if (this.#slab.length - this.#used >= bytes) return
    this.flush()
    if (this.#slab.length < bytes) this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
  }

  /** Messages of one turn of the event loop are sent together, as amqplib does. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.flush()
    })
  }

  #typeBytes(contentType: string): Buffer {
    let bytes = this.#types.get(contentType)
    if (bytes === undefined) {
      bytes = Buffer.from(contentType)
      // A content type made up for each item must not fill the memory.
      if (this.#types.size < 100) this.#types.set(contentType, bytes)
    }
    return bytes
  }
}

/** The headers, with their length before them. */
function headerTable(headerBytes: Buffer = NONE, sequence: number | undefined): Buffer {
  const added = sequence === undefined ? NONE : encodeFieldTable({ [HEADERS.sequence]: sequence }).bytes
  const length = Buffer.alloc(4)
  length.writeUInt32BE(headerBytes.length + added.length)
  return Buffer.concat([length, headerBytes, added])
}

/** A string after its length, as AMQP has short strings. */
function shortString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

function methodFrame(channel: number, queue: string): Buffer {
  const key = Buffer.from(queue)
  const payload = 4 + 2 + 1 + 1 + key.length + 1
  const frame = Buffer.alloc(payload + FRAME_OVERHEAD)
  frame[0] = METHOD
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(payload, 3)
  frame.writeUInt16BE(CLASS_BASIC, 7)
  frame.writeUInt16BE(METHOD_PUBLISH, 9)
  // Two reserved bytes and the default exchange, which has no name, are zeros.
  frame[14] = key.length
  key.copy(frame, 15)
  frame[15 + key.length] = MANDATORY
  frame[16 + key.length] = FRAME_END
  return frame
}
