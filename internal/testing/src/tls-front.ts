import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { generate } from 'selfsigned'

/** A broker behind TLS, as one with a certificate of its own has it, on loopback. */
export interface TlsFront extends AsyncDisposable {
  /** `amqps://…@localhost:…`: the certificate is for that name alone. */
  readonly url: string
  /** The same by its number, for which the certificate is not. */
  readonly urlByNumber: string
  /** The certificate, which is its own authority, as PEM. */
  readonly ca: string
}

/** Puts TLS in front of the broker at `target`. */
export async function tlsFront(target: string): Promise<TlsFront> {
  const { hostname, port } = new URL(target)
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  })
  const sockets = new Set<Socket>()
  const server = createServer({ cert, key }, (client) => {
    const broker = connect({ port: Number(port || 5672), host: hostname, noDelay: true })
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
      one.pipe(other)
    }
  })
  // A client that does not trust it says so and leaves.
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = (host: string): string => {
    const url = new URL(target.replace(/^amqp:/, 'amqps:'))
    url.host = `${host}:${(server.address() as AddressInfo).port}`
    return url.href
  }
  return {
    url: at('localhost'),
    urlByNumber: at('127.0.0.1'),
    ca: cert,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
