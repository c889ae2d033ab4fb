import { createServer } from 'node:tls'
import { generate } from 'selfsigned'
import { brokerFront } from './broker-front.ts'

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
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  })
  const front = await brokerFront(
    target,
    // A client that does not trust it says so and leaves.
    (onClient) => createServer({ cert, key }, onClient).on('tlsClientError', () => {}),
    (client, broker) => {
      client.pipe(broker)
      broker.pipe(client)
    },
  )
  const at = (host: string): string => {
    const url = new URL(target.replace(/^amqp:/, 'amqps:'))
    url.host = `${host}:${front.port}`
    return url.href
  }
  return {
    url: at('localhost'),
    urlByNumber: at('127.0.0.1'),
    ca: cert,
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}
