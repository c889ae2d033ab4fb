import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy between a client and a broker, on loopback, that can be made to misbehave. */
export interface TcpProxy extends AsyncDisposable {
  /** The broker's address, with the proxy in between. */
  readonly url: string
  /** Connections that were accepted so far. */
  readonly accepted: number
  /** Cuts every connection, as a crash of the peer does. */
  sever(): void
  /** Cuts every connection after this number of further bytes from the two sides: at any point of a frame or handshake. */
  severAfter(bytes: number): void
  /** From now on passes nothing on and closes nothing, as a half-open connection does; new connections hang as well. */
  freeze(): void
  /** New connections pass again; those that froze stay so. */
  thaw(): void
  /** Passes everything on so much later, in both directions. */
  delay(ms: number): void
  /** Passes everything on in pieces of this number of bytes, each in a packet of its own. */
  slice(bytes: number): void
  /** Resolves once that side has said something that fits, in one piece, and it was passed on or kept back. */
  said(side: 'client' | 'broker', fits: (piece: Buffer) => boolean): Promise<void>
  /** Holds back all data from the broker until `until` resolves. Data from clients passes. */
  holdBack(until: Promise<void>): void
}

/** Starts a proxy in front of the broker at `target`. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const frozen = new Set<Socket>()
  let isFrozen = false
  let delayMs = 0
  let sliceBytes = 0
  let untilCut = Number.POSITIVE_INFINITY
  let accepted = 0
  const listeners = new Set<(side: 'client' | 'broker', piece: Buffer) => void>()
  let kept: (() => void)[] | undefined
  const server = createServer((client) => {
    accepted += 1
    const broker = connect({ port: Number(port || 5672), host: hostname, noDelay: true })
    client.setNoDelay(true)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from)
      if (isFrozen) frozen.add(from)
      let before = Promise.resolve()
      from.on('data', (chunk: Buffer) => {
        if (frozen.has(from)) return
        untilCut -= chunk.length
        if (untilCut <= 0) {
          const passed = chunk.subarray(0, chunk.length + untilCut)
          untilCut = Number.POSITIVE_INFINITY
          to.write(passed, sever)
          return
        }
        if (kept !== undefined && from === broker) kept.push(() => to.write(chunk))
        else if (delayMs === 0 && sliceBytes === 0) to.write(chunk)
        else before = before.then(() => pass(chunk, to, delayMs, sliceBytes))
        for (const listener of listeners) listener(from === client ? 'client' : 'broker', chunk)
      })
      from.on('end', () => {
        if (!frozen.has(from)) to.end()
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        // A reset is passed on, as the network does.
        if (!frozen.has(from)) to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const sever = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: url.href,
    get accepted() {
      return accepted
    },
    sever,
    severAfter: (bytes) => {
      untilCut = bytes
    },
    freeze: () => {
      isFrozen = true
      for (const socket of sockets) frozen.add(socket)
    },
    thaw: () => {
      isFrozen = false
    },
    delay: (ms) => {
      delayMs = ms
    },
    slice: (bytes) => {
      sliceBytes = bytes
    },
    said: (side, fits) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const listener = (by: 'client' | 'broker', piece: Buffer): void => {
        if (by !== side || !fits(piece)) return
        listeners.delete(listener)
        resolve()
      }
      listeners.add(listener)
      return promise
    },
    holdBack: (until) => {
      kept = []
      void until.then(() => {
        const released = kept ?? []
        kept = undefined
        for (const write of released) write()
      })
    },
    [Symbol.asyncDispose]: async () => {
      sever()
      server.close()
      await once(server, 'close')
    },
  }
}

async function pass(chunk: Buffer, to: Socket, delayMs: number, sliceBytes: number): Promise<void> {
  if (delayMs > 0) await sleep(delayMs)
  const size = sliceBytes || chunk.length
  for (let at = 0; at < chunk.length && !to.destroyed; at += size) {
    await new Promise((written) => to.write(chunk.subarray(at, at + size), written))
  }
}
