/** The parts of amqplib 2.3.1, the version of package.json, that its package keeps to itself. */

declare module '*/amqplib/lib/connection.js' {
  import type { EventEmitter } from 'node:events'
  import type { Duplex } from 'node:stream'

  /** A frame as it was read: of a method, it has the method's id. */
  export interface Frame {
    readonly id?: number
    readonly channel: number
  }

  export class Connection extends EventEmitter {
    constructor(socket: Duplex)
    readonly stream: Duplex
    readonly channels: ({ channel: { accept(frame: Frame): void }; buffer: Sink } | null)[]
    readonly freeChannels: { nextClearBit(from: number): number; set(bit: number): void; clear(bit: number): void }
    expectSocketClose: boolean
    sentSinceLastCheck: boolean
    recvSinceLastCheck: boolean
    /** What has arrived of the next frame. */
    rest: Buffer
    maxFrameSize: number
    accept(frame: Frame): void
    step(callback: Step): void
    acceptLoop(): void
    recvFrame(): Frame | false
    open(fields: object, callback: (error: Error | null) => void): void
    close(callback: (error: Error | null) => void): void
    sendBytes(bytes: Buffer | string): void
    sendMethod(channel: number, method: number, fields: object): boolean
    freshChannel(channel: unknown): number
    releaseChannel(channel: number): void
    toClosed(stack: string, error?: Error): void
  }

  /** Hears of one frame, or why there is none. */
  export type Step = (error: unknown, frame: Frame | null) => void

  /** Where frames go. */
  export interface Sink {
    write(frame: Buffer): boolean
    end(): void
  }
}

declare module '*/amqplib/lib/channel_model.js' {
  import type { Connection, Frame } from '*/amqplib/lib/connection.js'
  import type { Channel as PublicChannel, ChannelModel as PublicModel } from 'amqplib'

  type Reply = (error: unknown, frame: unknown) => void
  type Answered = (error: Error | null, frame: { readonly fields: unknown }) => void

  interface Internals {
    reply: Reply | null
    pending: { method: number | undefined; fields: object | undefined; reply: Reply }[]
    allocate(): this
    rpc(method: number, fields: object, expect: number): Promise<unknown>
    _rpc(method: number, fields: object, expect: number, callback: Answered): void
    accept(frame: Frame): void
    unregisterConsumer(tag: string): void
    sendImmediately(method: number | undefined, fields: object | undefined): boolean
    sendOrEnqueue(method: number, fields: object, reply: Reply): void
  }

  export const Channel: new (connection: Connection) => PublicChannel & Internals
  export const ChannelModel: new (connection: Connection) => PublicModel
}

declare module '*/amqplib/lib/frame.js' {
  import type { Frame } from '*/amqplib/lib/connection.js'

  interface RawFrame {
    readonly rest: Buffer
  }

  /** False while the bytes are not a whole frame. @throws when they are none */
  export function parseFrame(bytes: Buffer, maxSize: number): RawFrame | false
  export function decodeFrame(frame: RawFrame): Frame
}

declare module '*/amqplib/lib/defs.js' {
  export const ChannelOpen: number
  export const ChannelOpenOk: number
  export const ConnectionClose: number
  export const ConnectionCloseOk: number
  export const ConnectionOpen: number
  export const ConnectionStartOk: number
  export const ConnectionTuneOk: number
}
