import { once } from 'node:events'
import { type AddressInfo, connect as connectTo, createServer, isIP, type Socket } from 'node:net'
import type { KubeConfig } from '@kubernetes/client-node'
import { KubeConfig as Config } from '@kubernetes/client-node'

/** The way to an API server, which can be shut: connections are cut and refused until it is opened again. */
export interface Gate extends AsyncDisposable {
  readonly kubeConfig: KubeConfig
  /** How many connections were made. */
  readonly connections: number
  shut(): void
  open(): void
}

export async function gateTo(cluster: Pick<KubeConfig, 'exportConfig' | 'getCurrentCluster'>): Promise<Gate> {
  const target = new URL(cluster.getCurrentCluster()?.server ?? '')
  const sockets = new Set<Socket>()
  let shut = false
  let connections = 0
  const server = createServer((client) => {
    if (shut) {
      client.resetAndDestroy()
      return
    }
    connections++
    const upstream = connectTo(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const kubeConfig = new Config()
  kubeConfig.loadFromString(cluster.exportConfig())
  const { port } = server.address() as AddressInfo
  kubeConfig.clusters = kubeConfig.clusters.map((one) => ({
    ...one,
    server: `https://127.0.0.1:${port}`,
    ...(isIP(target.hostname) === 0 ? { tlsServerName: target.hostname } : {}),
  }))
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    kubeConfig,
    get connections() {
      return connections
    },
    shut: () => {
      shut = true
      cut()
    },
    open: () => {
      shut = false
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
