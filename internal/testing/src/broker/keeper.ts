import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Broker, BrokerWay } from './broker.ts'
import type { FromKeeper, KeeperTask, KeptNodeInfo, ToKeeper } from './keeper-messages.ts'
import { type WayContext, WayFailed } from './way.ts'

const PROGRAM = fileURLToPath(new URL('./keeper-process.ts', import.meta.url))

/** A broker of ours, to which everything may be done. */
export type KeptBrokerHandle = Required<Broker>

/** Starts a broker that lives as long as this process at most, even if it is killed. */
export async function keep(task: KeeperTask, way: BrokerWay, context: WayContext): Promise<Broker> {
  const [broker] = await keepAll(task, way, context)
  if (broker === undefined) throw new WayFailed('it has no node')
  return broker
}

/** The same, of all nodes that the task starts. To close one is to close all. */
export async function keepAll(task: KeeperTask, way: BrokerWay, context: WayContext): Promise<KeptBrokerHandle[]> {
  const keeper = new Keeper(task)
  try {
    const nodes = await keeper.ready(context)
    const close = () => keeper.end()
    return nodes.map(({ url, description }, node) => ({
      url,
      way,
      description,
      rabbitmqctl: (...args) => keeper.ask({ type: 'rabbitmqctl', node, args }),
      pause: async () => void (await keeper.ask({ type: 'pause', node })),
      resume: async () => void (await keeper.ask({ type: 'resume', node })),
      restart: async () => void (await keeper.ask({ type: 'restart', node })),
      close,
      [Symbol.asyncDispose]: close,
    }))
  } catch (error) {
    // The first failure is the one that tells the caller most.
    await keeper.end().catch(() => {})
    throw error
  }
}

/** A request to the keeper, before it has its number. */
type Asked = ToKeeper extends infer Each ? (Each extends ToKeeper ? Omit<Each, 'id'> : never) : never

/** A handle that keeps the process running while it is open. */
interface Handle {
  ref(): void
  unref(): void
}

class Keeper {
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #calls = new Map<number, PromiseWithResolvers<string>>()
  #lastWords = ''
  #nextCall = 0

  constructor(task: KeeperTask) {
    this.#process = fork(PROGRAM, [JSON.stringify(task)], {
      // A session and process group of its own: out of reach of the terminal's Ctrl-C.
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#process.stderr?.on('data', (chunk) => {
      this.#lastWords = (this.#lastWords + chunk).slice(-2000)
    })
    this.#exited = once(this.#process, 'exit').catch(() => {})
    this.#process.on('message', (message) => this.#settle(message as FromKeeper))
    void this.#exited.then(() => this.#refuseAll())
  }

  async ready({ announce, signal }: WayContext): Promise<readonly KeptNodeInfo[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly KeptNodeInfo[]>()
    const onAbort = () => reject(signal?.reason)
    const onMessage = (raw: unknown) => {
      const message = raw as FromKeeper
      if (message.type === 'announce') announce(message.line)
      if (message.type === 'ready') resolve(message.nodes)
      if (message.type === 'failed') reject(new WayFailed(message.reason))
    }
    signal?.addEventListener('abort', onAbort)
    this.#process.on('message', onMessage)
    void this.#exited.then(() => reject(new WayFailed(`its keeper ended at once: ${this.#lastWords}`)))
    try {
      signal?.throwIfAborted()
      const ready = await promise
      // An owner that forgets close() must be able to end: the broker then ends with it.
      this.#hold(false)
      return ready
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#process.off('message', onMessage)
    }
  }

  async ask(what: Asked): Promise<string> {
    if (!this.#process.connected) throw new Error(`${what.type}: the broker has ended`)
    const id = this.#nextCall++
    const call = Promise.withResolvers<string>()
    this.#calls.set(id, call)
    this.#hold(true)
    this.#process.send({ ...what, id } satisfies ToKeeper)
    try {
      return await call.promise
    } finally {
      this.#calls.delete(id)
      if (this.#calls.size === 0) this.#hold(false)
    }
  }

  async end(): Promise<void> {
    this.#hold(true)
    if (this.#process.connected) this.#process.disconnect()
    await this.#exited
    if (this.#process.exitCode !== 0) throw new Error(`The broker did not end cleanly: ${this.#lastWords}`)
  }

  /** Whether this process goes on only because the keeper runs. */
  #hold(hold: boolean): void {
    // Its standard error is a socket, though typed as any stream.
    const { channel, stderr } = this.#process as { channel?: Handle | null; stderr: unknown }
    for (const handle of [this.#process, channel, stderr as Handle | null]) {
      if (hold) handle?.ref()
      else handle?.unref()
    }
  }

  #settle(message: FromKeeper): void {
    if (message.type === 'ran') this.#calls.get(message.id)?.resolve(message.output)
    if (message.type === 'refused') this.#calls.get(message.id)?.reject(new Error(message.reason))
  }

  #refuseAll(): void {
    for (const call of this.#calls.values()) call.reject(new Error('The broker has ended'))
  }
}
