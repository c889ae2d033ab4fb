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
    open(fields: object, callback: (error: Error | null) => void): void
    close(callback: (error: Error | null) => void): void
    sendMethod(channel: number, method: number, fields: object): boolean
    freshChannel(channel: unknown): number
    releaseChannel(channel: number): void
    toClosed(stack: string, error?: Error): void
  }

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

  interface Internals {
    reply: Reply | null
    pending: { method: number | undefined; fields: object | undefined; reply: Reply }[]
    allocate(): this
    rpc(method: number, fields: object, expect: number): Promise<unknown>
    _rpc(method: number, fields: object, expect: number, callback: Reply): void
    accept(frame: Frame): void
    unregisterConsumer(tag: string): void
    sendImmediately(method: number | undefined, fields: object | undefined): boolean
    sendOrEnqueue(method: number, fields: object, reply: Reply): void
  }

  export const Channel: new (connection: Connection) => PublicChannel & Internals
  export const ChannelModel: new (connection: Connection) => PublicModel
}

declare module '*/amqplib/lib/defs.js' {
  export const ChannelOpen: number
  export const ChannelOpenOk: number
  export const ConnectionClose: number
  export const ConnectionCloseOk: number
  export const ConnectionOpen: number
}
