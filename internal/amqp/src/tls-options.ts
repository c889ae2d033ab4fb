import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'

/** TLS settings for an `amqps:` address; they pass through to Node (https://nodejs.org/api/tls.html#tlsconnectoptions-callback). */
export type TlsOptions = Pick<
  TlsConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'servername'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'minVersion'
>
