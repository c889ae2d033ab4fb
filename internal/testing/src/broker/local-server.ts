import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { markedProcesses } from '../marked-processes.ts'
import { freePorts } from './free-ports.ts'
import type { KeeperContext, KeptBroker, KeptNode } from './keeper-messages.ts'
import { untilReady } from './probe.ts'
import { DIRECTORY_MARK, type ServerPorts, serverEnvironment, writeServerFiles } from './server-files.ts'

const run = promisify(execFile)
const START_TIMEOUT_MS = 60_000
const END_TIMEOUT_MS = 10_000
/** How often to start again when another program took one of the ports between our look and our use. */
const PORT_ATTEMPTS = 3

/** The programs of an installation. */
export interface ServerPrograms {
  /** Path of `rabbitmq-server`; `rabbitmqctl` is beside it. */
  readonly server: string
  readonly epmd: string
}

/** Starts a RabbitMQ server with ports, data, log and cookie of its own, on loopback. Runs in the keeper. */
export async function startServer(programs: ServerPrograms, { signal }: KeeperContext): Promise<KeptBroker> {
  for (let attempt = 1; ; attempt++) {
    const server = await LocalServer.create(programs)
    try {
      return await server.start(signal)
    } catch (error) {
      const portTaken = await server.portTaken()
      await server.end()
      if (!portTaken || signal.aborted || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

interface Spawned {
  readonly pid: number | undefined
  /** Resolves to how it ended. */
  readonly ended: Promise<string>
}

class LocalServer {
  readonly #programs: ServerPrograms
  readonly #directory: string
  readonly #ports: ServerPorts
  readonly #environment: NodeJS.ProcessEnv
  #epmd: Spawned | undefined
  #server: Spawned | undefined
  #restarting: Promise<void> | undefined

  private constructor(programs: ServerPrograms, directory: string, ports: ServerPorts) {
    this.#programs = programs
    this.#directory = directory
    this.#ports = ports
    this.#environment = serverEnvironment(directory, ports)
  }

  static async create(programs: ServerPrograms): Promise<LocalServer> {
    const [amqp = 0, distribution = 0, epmd = 0] = await freePorts(3)
    const directory = await mkdtemp(join(tmpdir(), 'podqueue-rabbitmq-'))
    return new LocalServer(programs, directory, { amqp, distribution, epmd })
  }

  async start(signal: AbortSignal): Promise<KeptBroker> {
    const url = `amqp://guest:guest@127.0.0.1:${this.#ports.amqp}`
    Object.assign(this.#environment, await writeServerFiles(this.#directory, this.#ports, this.#programs.server))
    signal.throwIfAborted()
    // Without one that is ours already, Erlang starts `epmd -daemon`, which nobody ends.
    const epmd = await this.#spawn(this.#programs.epmd)
    this.#epmd = epmd
    const server = await this.#spawn(this.#programs.server)
    this.#server = server
    const ended = Promise.race([epmd.ended, this.#untilGone()])
    const starting = new AbortController()
    try {
      const failed = ended.then(async (how) => {
        throw new Error(`${how}: ${await this.#lastWords()}`)
      })
      const { product, version } = await Promise.race([
        untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal: AbortSignal.any([signal, starting.signal]) }),
        failed,
      ])
      const node: KeptNode = {
        url,
        description: `${product} ${version} of ${this.#programs.server} on 127.0.0.1:${this.#ports.amqp}`,
        rabbitmqctl: (args) => this.#rabbitmqctl(args),
        pause: () => this.#signalServer('SIGSTOP'),
        resume: () => this.#signalServer('SIGCONT'),
        restart: async () => {
          await this.#restart()
          await untilReady(url, { timeoutMs: START_TIMEOUT_MS, signal })
        },
      }
      return { nodes: [node], ended, end: () => this.end() }
    } finally {
      starting.abort()
    }
  }

  /** Whether it did not come up because one of its ports was no longer free. */
  async portTaken(): Promise<boolean> {
    return /eaddrinuse|address already in use/i.test(await this.#log())
  }

  async end(): Promise<void> {
    // epmd goes last: as long as it has its port, an Erlang that is just starting cannot leave a daemon there.
    await this.#killMarked((pid) => pid !== this.#epmd?.pid)
    await this.#killMarked(() => true)
    // Else they would be left to the machine's first process, which in a container may not care for them.
    await Promise.allSettled([this.#epmd?.ended, this.#server?.ended])
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Resolves with how the server ended, when it was not to start again. */
  async #untilGone(): Promise<string> {
    for (;;) {
      const how = (await this.#server?.ended) ?? 'It never started'
      if (this.#restarting === undefined) return how
      await this.#restarting
    }
  }

  async #restart(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#restarting = promise
    try {
      await this.#killMarked((pid) => pid !== this.#epmd?.pid)
      await this.#server?.ended
      this.#server = await this.#spawn(this.#programs.server)
    } finally {
      this.#restarting = undefined
      resolve()
    }
  }

  /** To the runtime and all its helpers, and not to epmd. */
  async #signalServer(name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pids = await markedProcesses(DIRECTORY_MARK, this.#directory)
    for (const pid of pids) if (pid !== this.#epmd?.pid) process.kill(pid, name)
  }

  /** By SIGKILL: at the end the data are thrown away, and a restart is to be as hard as a crash. */
  async #killMarked(mayEnd: (pid: number) => boolean): Promise<void> {
    const end = Date.now() + END_TIMEOUT_MS
    for (;;) {
      const pids = (await markedProcesses(DIRECTORY_MARK, this.#directory)).filter(mayEnd)
      if (pids.length === 0) return
      for (const pid of pids) kill(pid)
      if (Date.now() > end) throw new Error(`processes of the broker do not end: ${pids.join(', ')}`)
      await sleep(20)
    }
  }

  async #spawn(program: string): Promise<Spawned> {
    const log = await open(join(this.#directory, 'console.log'), 'a')
    try {
      const child = spawn(program, [], {
        cwd: this.#directory,
        env: this.#environment,
        stdio: ['ignore', log.fd, log.fd],
      })
      const ended = once(child, 'exit').then(([code, by]) => `${basename(program)} ended (${by ?? `exit ${code}`})`)
      ended.catch(() => {})
      await once(child, 'spawn')
      return { pid: child.pid, ended }
    } finally {
      await log.close()
    }
  }

  async #rabbitmqctl(args: readonly string[]): Promise<string> {
    const program = join(dirname(this.#programs.server), 'rabbitmqctl')
    try {
      const { stdout } = await run(program, [...args], { cwd: this.#directory, env: this.#environment })
      return stdout
    } catch (error) {
      const { code, stderr, stdout } = error as { code?: unknown; stderr?: string; stdout?: string }
      throw new Error(`rabbitmqctl ${args[0]}: exit ${code}: ${(stderr || stdout || '').trim()}`, { cause: error })
    }
  }

  async #lastWords(): Promise<string> {
    const lines = (await this.#log()).split('\n').filter((line) => line.trim() !== '')
    const telling = lines.filter((line) => /error|cannot|failed|denied|not found/i.test(line))
    return (telling.length > 0 ? telling : lines).slice(-3).join(' | ') || 'it wrote nothing'
  }

  async #log(): Promise<string> {
    const logs = join(this.#directory, 'log')
    const names = await readdir(logs).catch(() => [])
    const files = [...names.map((name) => join(logs, name)), join(this.#directory, 'console.log')]
    return (await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))).join('\n')
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
