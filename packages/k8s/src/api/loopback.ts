import { isIP } from 'node:net'

/** Whether a host name or address of a URL means the machine, or the pod, that uses it. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  // 0.0.0.0 and :: are connected to as loopback by Linux.
  if (isIP(host) === 4) return host.startsWith('127.') || host === '0.0.0.0'
  return host === '::1' || host === '::' || host.startsWith('::ffff:127.') || host.startsWith('::ffff:7f')
}
