import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy between a client and a broker, on loopback, that can be made to misbehave. */
export interface TcpProxy extends AsyncDisposable {
  /** The broker's address, with the proxy in between. */
  readonly url: string
  /** Cuts every connection, as a crash of the peer does. */
  sever(): void
  /** From now on passes nothing on and closes nothing, as a half-open connection does. */
  freeze(): void
  /** Resolves once the client has sent so many bytes since the call. */
  sent(bytes: number): Promise<void>
}

/** Starts a proxy in front of the broker at `target`. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let frozen = false
  let watch: { left: number; readonly done: () => void } | undefined
  const server = createServer((client) => {
    const broker = connect(Number(port || 5672), hostname)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        if (frozen) return
        to.write(chunk)
        if (from === client && watch !== undefined) {
          watch.left -= chunk.length
          if (watch.left <= 0) watch.done()
        }
      })
      from.on('end', () => {
        if (!frozen) to.end()
      })
      from.on('error', () => {})
      from.on('close', () => sockets.delete(from))
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
    sever,
    freeze: () => {
      frozen = true
    },
    sent: (bytes) =>
      new Promise((done) => {
        watch = { left: bytes, done }
      }),
    [Symbol.asyncDispose]: async () => {
      sever()
      server.close()
      await once(server, 'close')
    },
  }
}
