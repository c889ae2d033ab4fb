import { isLoopback } from './loopback.ts'

/**
 * The proxy that the environment names for a server, as for kubectl: HTTPS_PROXY or HTTP_PROXY by the server's scheme, unless
 * NO_PROXY has the server. A server on loopback has none.
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy#FromEnvironment
 */
export function proxyFor(server: URL, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const hostname = server.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (isLoopback(hostname)) return undefined
  const proxy = server.protocol === 'http:' ? (env.HTTP_PROXY ?? env.http_proxy) : (env.HTTPS_PROXY ?? env.https_proxy)
  if (!proxy || isExcepted(hostname, portOf(server), env.NO_PROXY ?? env.no_proxy ?? '')) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'http:' ? '80' : '443') : port
}

function isExcepted(hostname: string, port: string, noProxy: string): boolean {
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && excepts(entry, hostname, port))
}

function excepts(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true
  const [network = '', prefix] = entry.split('/')
  if (prefix !== undefined) return isWithin(hostname, network, Number(prefix))
  const [, name = entry, onlyPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? []
  if (onlyPort !== undefined && onlyPort !== port) return false
  const host = name.replace(/^\[|\]$/g, '').replace(/^\*/, '')
  if (net().isIP(host) !== 0) return host === hostname
  // `example.com` means the host and all below it, `.example.com` only those below it.
  return host.startsWith('.') ? hostname.endsWith(host) : hostname === host || hostname.endsWith(`.${host}`)
}

function isWithin(hostname: string, network: string, prefix: number): boolean {
  const { BlockList, isIP } = net()
  const family = isIP(network)
  if (family === 0 || isIP(hostname) !== family) return false
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  const type = family === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(network, prefix, type)
  return list.check(hostname, type)
}

/** Loaded on use: it takes 5 ms, and most environments name no proxy. */
function net(): typeof import('node:net') {
  return process.getBuiltinModule('node:net')
}
