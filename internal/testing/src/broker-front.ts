import { once } from 'node:events'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'

/** A server on loopback that has a connection to the broker for each of a client: the two end together. */
export interface BrokerFront extends AsyncDisposable {
  readonly port: number
}

/** Listens with the server that `serve` makes; `join` says what is passed on between the two sockets. */
export async function brokerFront(
  target: string,
  serve: (onClient: (client: Socket) => void) => Server,
  join: (client: Socket, broker: Socket) => void,
): Promise<BrokerFront> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = serve((client) => {
    const broker = connect({ port: Number(port || 5672), host: hostname, noDelay: true })
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
    join(client, broker)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
