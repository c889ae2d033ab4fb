/** As `URL` writes them. node:net has a name for it, and takes 5 ms to load. */
const IPV4 = /^\d+(\.\d+){3}$/

/** Whether a host name or address of a URL means the machine, or the pod, that uses it. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  // 0.0.0.0 and :: are connected to as loopback by Linux.
  if (IPV4.test(host)) return host.startsWith('127.') || host === '0.0.0.0'
  return host === '::1' || host === '::' || host.startsWith('::ffff:127.') || host.startsWith('::ffff:7f')
}
