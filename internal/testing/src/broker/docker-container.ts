import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  Network,
  type StartedNetwork,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { freePorts } from './free-ports.ts'
import type { KeeperContext, KeptBroker, KeptNode } from './keeper-messages.ts'
import { nodeNamed } from './node-name.ts'
import { untilReady } from './probe.ts'

const AMQP_PORT = 5672
/** Holds the id of the process that asked for the container. */
export const OWNER_LABEL = 'podqueue.owner'
const START_TIMEOUT_MS = 60_000

/** Starts RabbitMQ in a container. Runs in the keeper. */
export async function startContainer(
  { image }: { readonly image: string },
  context: KeeperContext,
): Promise<KeptBroker> {
  return await inFolder(async () => {
    await imageIsHere(image, context)
    const [port = 0] = await freePorts(1)
    return keptBroker([await startRabbitMq(image, context, { port })])
  })
}

/** Starts a cluster: a container for each of the host names, on a network of their own. Runs in the keeper. */
export async function startCluster(
  { image, hosts }: { readonly image: string; readonly hosts: readonly string[] },
  context: KeeperContext,
): Promise<KeptBroker> {
  return await inFolder(async () => {
    await imageIsHere(image, context)
    const network = await new Network().start()
    // The same for all; who knows it may do anything to them.
    const cookie = randomBytes(24).toString('hex')
    const user = newUser()
    const ports = await freePorts(hosts.length)
    const starting = hosts.map((host, index) =>
      startRabbitMq(image, context, { port: ports[index] ?? 0, user, member: { host, hosts, cookie, network } }),
    )
    const started = await Promise.allSettled(starting)
    const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const end = async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.end()))
      await network.stop()
    }
    try {
      const failed = started.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      // Each is ready for itself by then, and may still be on its way to the others.
      await nodes[0]?.node.rabbitmqctl(['await_online_nodes', String(hosts.length)])
      await Promise.all(nodes.map(({ node }) => node.rabbitmqctl(['eval', untilOthersAreHeard(hosts.length - 1)])))
    } catch (error) {
      await end()
      throw error
    }
    return keptBroker(nodes, end)
  })
}

/**
 * Erlang that waits in a server until its failure detector knows how often each of the others sends a heartbeat. Before that it does not
 * notice when one stops, also later (https://github.com/rabbitmq/aten).
 */
function untilOthersAreHeard(others: number): string {
  return `Wait = fun Wait() ->
    Intervals = [array:sparse_size(element(3, Each)) || Each <- maps:values(element(2, sys:get_state(aten_sink)))],
    case length([Known || Known <- Intervals, Known >= 3]) >= ${others} of
      true -> ok;
      false -> timer:sleep(100), Wait()
    end
  end, Wait().`
}

/** A server and its end. */
interface StartedNode {
  readonly node: KeptNode
  end(): Promise<void>
}

/** The settings that make a server a member of a cluster. */
interface Member {
  readonly host: string
  /** Of all members, this one too. */
  readonly hosts: readonly string[]
  readonly cookie: string
  readonly network: StartedNetwork
}

interface User {
  readonly name: string
  readonly password: string
}

/** Docker publishes ports on every interface: no `guest` there. */
function newUser(): User {
  return { name: 'podqueue', password: randomBytes(12).toString('hex') }
}

function keptBroker(
  started: readonly StartedNode[],
  end: () => Promise<void> = async () => void (await Promise.all(started.map((one) => one.end()))),
): KeptBroker {
  // A container that was stopped by hand fails its connections. It is still removed here, at the end.
  return { nodes: started.map(({ node }) => node), ended: new Promise(() => {}), end }
}

async function inFolder(start: () => Promise<KeptBroker>): Promise<KeptBroker> {
  // The keeper itself removes the container when the owner is gone, so that the reaper's image need not be pulled.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  // testcontainers leaves a lock file in the temporary folder: here it is the keeper's own.
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-docker-'))
  process.env.TMPDIR = folder
  const clean = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const broker = await start()
    return { ...broker, end: () => broker.end().finally(clean) }
  } catch (error) {
    await clean()
    throw error
  }
}

async function startRabbitMq(
  image: string,
  context: KeeperContext,
  {
    port,
    user = newUser(),
    member,
  }: { readonly port: number; readonly user?: User; readonly member?: Member | undefined },
): Promise<StartedNode> {
  const definition = new GenericContainer(image)
    .withEnvironment({ RABBITMQ_DEFAULT_USER: user.name, RABBITMQ_DEFAULT_PASS: user.password })
    // Tells a reader of `docker ps` whose container it is.
    .withLabels({ [OWNER_LABEL]: String(process.ppid) })
    // A port that Docker chooses is another after a restart.
    .withExposedPorts({ container: AMQP_PORT, host: port })
    .withWaitStrategy(Wait.forLogMessage('Server startup complete').withStartupTimeout(START_TIMEOUT_MS))
  const container = await (member === undefined ? definition : clustered(definition, member)).start()
  try {
    const address = `${container.getHost()}:${container.getMappedPort(AMQP_PORT)}`
    const url = `amqp://${user.name}:${user.password}@${address}`
    const { product, version } = await untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal: context.signal })
    const node: KeptNode = {
      url,
      description: `${product} ${version} in Docker (${image}) on ${address}`,
      rabbitmqctl: (args) => rabbitmqctl(container, args),
      ...controls(container.getId(), () => untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal: context.signal })),
    }
    return { node, end: () => remove(container) }
  } catch (error) {
    await remove(container)
    throw error
  }
}

/** The servers find each other by their host names as they start, whichever is first. */
function clustered(container: GenericContainer, { host, hosts, cookie, network }: Member): GenericContainer {
  const nodes = hosts.map((each, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${nodeNamed(each)}`)
  const settings = ['cluster_formation.peer_discovery_backend = classic_config', ...nodes]
  // With a heartbeat each 100 ms and a look each 5 s, the defaults, a busy machine makes a node look down for a moment. When it stops
  // before the next look, nobody elects another leader for a minute, since nothing changed (https://github.com/rabbitmq/aten).
  const failureDetector = '[{aten, [{heartbeat_interval, 500}, {poll_interval, 1000}]}].'
  return (
    container
      .withNetwork(network)
      .withNetworkAliases(host)
      .withHostname(host)
      // As arguments: a file of the cookie has to belong to a user whose number is each image's own.
      .withEnvironment({
        RABBITMQ_NODENAME: nodeNamed(host),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-setcookie ${cookie}`,
        RABBITMQ_CTL_ERL_ARGS: `-setcookie ${cookie}`,
      })
      .withCopyContentToContainer([
        { content: `${settings.join('\n')}\n`, target: '/etc/rabbitmq/conf.d/90-cluster.conf', mode: 0o644 },
        { content: failureDetector, target: '/etc/rabbitmq/advanced.config', mode: 0o644 },
      ])
  )
}

/** What Docker can do to a container from outside. */
function controls(id: string, untilAnswering: () => Promise<unknown>): Pick<KeptNode, 'pause' | 'resume' | 'restart'> {
  const container = async () => (await engine()).container.getById(id)
  return {
    pause: async () => void (await (await container()).pause()),
    resume: async () => void (await (await container()).unpause()),
    restart: async () => {
      await (await container()).restart({ t: 0 })
      await untilAnswering()
    },
  }
}

async function imageIsHere(image: string, { announce, signal }: KeeperContext): Promise<void> {
  const docker = await engine()
  const name = ImageName.fromString(image)
  if (await docker.image.exists(name)) return
  announce(`Docker: pulling ${image} (once)`)
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  try {
    // There is nothing to undo in a pull that nobody waits for any more.
    await Promise.race([docker.image.pull(name), aborted])
  } catch (error) {
    throw new Error(`${image} is not here and cannot be pulled: ${answerOf(error)}`, { cause: error })
  }
}

async function engine(): Promise<ContainerRuntimeClient> {
  try {
    return await getContainerRuntimeClient()
  } catch (error) {
    throw new Error('no engine answers (is it running?)', { cause: error })
  }
}

/** The words of the engine, without those of the client around them. */
function answerOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/^\(HTTP code \d+\) [a-z ]+ - /i, '').trim()
}

async function rabbitmqctl(container: StartedTestContainer, args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await container.exec(['rabbitmqctl', ...args])
  if (exitCode !== 0) throw new Error(`rabbitmqctl ${args[0]}: exit ${exitCode}: ${(stderr || stdout).trim()}`)
  return stdout
}

async function remove(container: StartedTestContainer): Promise<void> {
  // Its data are thrown away, so there is nothing that it must finish.
  await container.stop({ timeout: 0, remove: true, removeVolumes: true })
}
