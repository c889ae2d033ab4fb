import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ContainerRuntimeClient,
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  type StartedTestContainer,
  Wait,
} from 'testcontainers'
import { freePorts } from './free-ports.ts'
import type { KeeperContext, KeptBroker } from './keeper-messages.ts'
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
  // The keeper itself removes the container when the owner is gone, so that the reaper's image need not be pulled.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  // testcontainers leaves a lock file in the temporary folder: here it is the keeper's own.
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-docker-'))
  process.env.TMPDIR = folder
  const clean = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const broker = await startRabbitMq(image, context)
    return { ...broker, end: () => broker.end().finally(clean) }
  } catch (error) {
    await clean()
    throw error
  }
}

async function startRabbitMq(image: string, context: KeeperContext): Promise<KeptBroker> {
  await imageIsHere(image, context)
  // Docker publishes ports on every interface: no `guest` there.
  const user = { name: 'podqueue', password: randomBytes(12).toString('hex') }
  const [port = 0] = await freePorts(1)
  const container = await new GenericContainer(image)
    .withEnvironment({ RABBITMQ_DEFAULT_USER: user.name, RABBITMQ_DEFAULT_PASS: user.password })
    // For who wonders whose container it is.
    .withLabels({ [OWNER_LABEL]: String(process.ppid) })
    // A port that Docker chooses is another after a restart.
    .withExposedPorts({ container: AMQP_PORT, host: port })
    .withWaitStrategy(Wait.forLogMessage('Server startup complete').withStartupTimeout(START_TIMEOUT_MS))
    .start()
  try {
    const address = `${container.getHost()}:${container.getMappedPort(AMQP_PORT)}`
    const url = `amqp://${user.name}:${user.password}@${address}`
    const { product, version } = await untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal: context.signal })
    return {
      url,
      description: `${product} ${version} in Docker (${image}) on ${address}`,
      rabbitmqctl: (args) => rabbitmqctl(container, args),
      ...controls(container.getId(), () => untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal: context.signal })),
      // Who stops the container by hand sees the connections fail; removing it is still ours to do, at the end.
      ended: new Promise(() => {}),
      end: () => remove(container),
    }
  } catch (error) {
    await remove(container)
    throw error
  }
}

/** What Docker can do to a container from outside. */
function controls(
  id: string,
  untilAnswering: () => Promise<unknown>,
): Pick<KeptBroker, 'pause' | 'resume' | 'restart'> {
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

/** What the engine said, without the client's words around it. */
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
