import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { uniqueName } from '../unique-name.ts'
import { type KeptBrokerHandle, keepAll } from './keeper.ts'
import { nodeNamed } from './node-name.ts'
import type { WayContext } from './way.ts'

/** One server of a {@link BrokerCluster}. `close()` is that of the cluster. */
export interface ClusterNode extends KeptBrokerHandle {
  /** As RabbitMQ has it: `rabbit@…`. */
  readonly name: string
}

/** Three RabbitMQ servers that are one broker: what is declared on one is seen on all, and a quorum queue is on each. */
export interface BrokerCluster extends AsyncDisposable {
  /** A description for people. Holds no password. */
  readonly description: string
  /** Each with the address of its own, `pause`, `resume` and `restart`. */
  readonly nodes: readonly ClusterNode[]
  /** The leader of a quorum queue now, and the members that would vote for the next leader. Ask before anything is paused. */
  leaderOf(queue: string): Promise<{ readonly leader: ClusterNode; readonly others: readonly ClusterNode[] }>
  close(): Promise<void>
}

/** A cluster, or why there is none here, for a test to skip with. */
export type ClusterHere =
  | { readonly available: true; readonly cluster: BrokerCluster }
  | { readonly available: false; readonly reason: string }

/**
 * Starts a RabbitMQ cluster of three containers of our own, for tests of what happens when one of them stops: `pause()` of the leader's node
 * leaves its connections open and silent, the two others elect another leader after some seconds. It ends with `close()`, and
 * with this process at the latest.
 *
 * The image is that of `TEST_BROKER`, else `rabbitmq:4`; it is never pulled. Where there is none, or `TEST_BROKER` asks for another kind of
 * broker, the reason is announced and returned: hand it to the test's `skip`.
 *
 * @throws what a start can fail with although engine and image are there; the signal's reason when it aborts.
 */
export async function startBrokerCluster(context: WayContext): Promise<ClusterHere> {
  const image = await clusterImage()
  if ('reason' in image) {
    context.announce(`cluster of three: skipped: ${image.reason}`)
    return { available: false, reason: image.reason }
  }
  const prefix = uniqueName('podqueue')
  const hosts = [1, 2, 3].map((number) => `${prefix}-${number}`)
  const kept = await keepAll({ kind: 'docker-cluster', image: image.name, hosts }, 'docker', context)
  const nodes = kept.map((node, index): ClusterNode => ({ ...node, name: nodeNamed(hosts[index] ?? '') }))
  const description = `a cluster of ${nodes.map((node) => node.description).join(', ')}`
  context.announce(description)
  const close = async (): Promise<void> => await nodes[0]?.close()
  const cluster: BrokerCluster = {
    description,
    nodes,
    leaderOf: (queue) => leaderOf(nodes, queue),
    close,
    [Symbol.asyncDispose]: close,
  }
  return { available: true, cluster }
}

async function clusterImage(): Promise<{ readonly name: string } | { readonly reason: string }> {
  const wanted = process.env.TEST_BROKER || 'docker:rabbitmq:4'
  const name = /^docker:(.+)$/.exec(wanted)?.[1]
  if (name === undefined) return { reason: `TEST_BROKER=${wanted} is one server, and a cluster needs docker:<image>` }
  try {
    await promisify(execFile)('docker', ['image', 'inspect', name])
    return { name }
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : ''
    return { reason: `Docker does not have ${name} here (${said || String(error)})` }
  }
}

async function leaderOf(
  nodes: readonly ClusterNode[],
  queue: string,
): Promise<{ readonly leader: ClusterNode; readonly others: readonly ClusterNode[] }> {
  const table = (await nodes[0]?.rabbitmqctl('--quiet', 'list_queues', 'name', 'leader', '--no-table-headers')) ?? ''
  const row = table.split('\n').find((line) => line.split('\t')[0] === queue)
  const leader = nodes.find(({ name }) => name === row?.split('\t')[1]?.trim())
  if (leader === undefined) throw new Error(`no leader of ${queue} in: ${table}`)
  return { leader, others: nodes.filter((node) => node !== leader) }
}
