import type { Dispatcher } from 'undici'

/** The TLS options for connections to the API server. */
export interface TlsOptions {
  ca?: string | Buffer | undefined
  cert?: string | Buffer | undefined
  key?: string | Buffer | undefined
  servername?: string | undefined
  rejectUnauthorized?: boolean | undefined
}

/** Between 60 s of undici and the idle times of load balancers, as client-go has it. */
const KEEP_ALIVE_MS = 30_000
/**
 * With HTTP/2 all streams of a connection share this window. A log that nobody reads on fills a window of its own and must not
 * leave the watches beside it without any.
 */
const CONNECTION_WINDOW = 64 * 1024 * 1024

/** The library, loaded on first use: it takes 30 ms. */
export type Undici = typeof import('undici')

/** Opens connections to one server, straight or through a proxy: HTTP/2 where the server speaks it, else HTTP/1.1. */
export function openConnections({ Agent, ProxyAgent }: Undici, tls: TlsOptions, proxy: string | undefined): Dispatcher {
  const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined))
  const h2Options = { connectionWindowSize: CONNECTION_WINDOW }
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: given, h2Options })
  return new Agent({ connect: { ...given, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, h2Options })
}
