import { connect } from 'amqplib'
import { getContainerRuntimeClient, ImageName } from 'testcontainers'
import { describe, expect, test, vi } from 'vitest'
import { startBrokerCluster } from '../src/broker/broker-cluster.ts'
import { dockerWay } from '../src/broker/docker-broker.ts'
import { OWNER_LABEL } from '../src/broker/docker-container.ts'
import { startOwner } from './owner.ts'

const IMAGE = 'rabbitmq:4'
const engine = await getContainerRuntimeClient().catch(() => undefined)
const here = (await engine?.image.exists(ImageName.fromString(IMAGE))) ?? false

describe.skipIf(!here)(`a broker in Docker (needs an engine that has ${IMAGE})`, () => {
  test('answers, takes rabbitmqctl, and leaves no container and no volume after close()', async () => {
    const broker = await dockerWay({ image: IMAGE }).open({ announce: () => {} })
    const connection = await connect(broker.url)
    await connection.close()
    expect(await broker.rabbitmqctl?.('--quiet', 'list_users')).toContain('podqueue')
    await expect(broker.rabbitmqctl?.('nonsense')).rejects.toThrow(/^rabbitmqctl nonsense: exit 64/)
    expect(broker.description).not.toContain(new URL(broker.url).password)
    const [container = ''] = await containersOf(process.pid)
    const volumes = await volumesOf(container)
    expect(await allVolumes()).toEqual(expect.arrayContaining(volumes))
    await broker.close()
    expect(await containersOf(process.pid)).toEqual([])
    expect((await allVolumes()).filter((name) => volumes.includes(name))).toEqual([])
  })

  test('leaves no container when its owner is killed', async () => {
    await using owner = startOwner('docker')
    expect(await owner.nextLine()).toMatch(/^\d+$/)
    expect(await containersOf(owner.pid)).toHaveLength(1)
    process.kill(owner.pid, 'SIGKILL')
    await vi.waitFor(async () => expect(await containersOf(owner.pid)).toEqual([]), 20_000)
  })

  test('outlives a Ctrl-C until its owner has cleaned up', async () => {
    await using owner = startOwner('docker')
    expect(await owner.nextLine()).toMatch(/^\d+$/)
    process.kill(-owner.pid, 'SIGINT')
    expect(await owner.nextLine()).toBe('still answers')
    await owner.exited
    expect(await containersOf(owner.pid)).toEqual([])
  })

  test('leaves no container when the signal aborts while it starts', async () => {
    const aborter = new AbortController()
    const opening = dockerWay({ image: IMAGE }).open({ announce: () => {}, signal: aborter.signal })
    const refused = expect(opening).rejects.toThrow('changed my mind')
    await vi.waitFor(async () => expect(await containersOf(process.pid)).toHaveLength(1), 30_000)
    aborter.abort(new Error('changed my mind'))
    await refused
    expect(await containersOf(process.pid)).toEqual([])
  })
})

describe('a cluster of three in Docker', () => {
  test('is one broker, can lose a node, and leaves no container and no network', async ({ skip }) => {
    const started = await startBrokerCluster({ announce: (line) => void process.stderr.write(`${line}\n`) })
    if (!started.available) return skip(started.reason)
    const { cluster } = started
    const containers = await containersOf(process.pid)
    const networks = await networksOf(containers)
    try {
      expect(containers).toHaveLength(3)
      expect(networks).toHaveLength(1)
      const [one, two, three] = cluster.nodes
      const connection = await connect(one?.url ?? '')
      const channel = await connection.createChannel()
      await channel.assertQueue('on-each', { arguments: { 'x-queue-type': 'quorum' } })
      await connection.close()
      expect(await three?.rabbitmqctl('--quiet', 'list_queues', 'name')).toContain('on-each')
      const { leader, others } = await cluster.leaderOf('on-each')
      expect([leader, ...others].map(({ name }) => name).toSorted()).toEqual(
        cluster.nodes.map(({ name }) => name).toSorted(),
      )
      await two?.restart()
      const again = await connect(two?.url ?? '')
      expect((await (await again.createChannel()).checkQueue('on-each')).queue).toBe('on-each')
      await again.close()
    } finally {
      await cluster.close()
    }
    expect(await containersOf(process.pid)).toEqual([])
    expect((await allNetworks()).filter((id) => networks.includes(id))).toEqual([])
  })
})

/** Only those of one owner: others on this machine start and end containers too. */
async function containersOf(owner: number): Promise<string[]> {
  const filters = JSON.stringify({ label: [`${OWNER_LABEL}=${owner}`] })
  const containers = (await engine?.container.dockerode.listContainers({ all: true, filters })) ?? []
  return containers.map(({ Id }) => Id)
}

async function volumesOf(container: string): Promise<string[]> {
  const { Mounts } = (await engine?.container.getById(container).inspect()) ?? { Mounts: [] }
  return Mounts.flatMap(({ Name }) => Name ?? [])
}

async function networksOf(containers: readonly string[]): Promise<string[]> {
  const inspected = await Promise.all(containers.map((id) => engine?.container.getById(id).inspect()))
  const networks = inspected.flatMap((one) => Object.entries(one?.NetworkSettings.Networks ?? {}))
  // The one that every container is on is the engine's.
  return [...new Set(networks.flatMap(([name, { NetworkID }]) => (name === 'bridge' ? [] : NetworkID)))]
}

async function allNetworks(): Promise<string[]> {
  return ((await engine?.container.dockerode.listNetworks()) ?? []).map(({ Id }) => Id)
}

async function allVolumes(): Promise<string[]> {
  const { Volumes } = (await engine?.container.dockerode.listVolumes()) ?? { Volumes: [] }
  return Volumes.map(({ Name }) => Name)
}
