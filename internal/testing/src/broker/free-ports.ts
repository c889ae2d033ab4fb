import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

/** Ports on loopback that are free, each another. Somebody may take one before its user does: be ready to ask again. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = []
  try {
    // All at once, so that the system cannot give the same one twice.
    for (let n = 0; n < count; n++) {
      const server = createServer().listen(0, '127.0.0.1')
      servers.push(server)
      await once(server, 'listening')
    }
    return servers.map((server) => (server.address() as AddressInfo).port)
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
