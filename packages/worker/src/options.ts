import { type Address, findAddress, queueNameProblem, type TlsOptions } from '@internal/amqp'
import { Problems } from '@internal/errors'
import { toWorkerError } from './errors.ts'

/** Where a worker writes what people may want to know: pino's shape. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

export interface ConsumeOneOptions {
  /** The queue to take from. It must exist: a worker declares nothing. */
  readonly queue: string
  /**
   * The broker's address, `amqp://user:password@host:5672/vhost` or `amqps://…`; special characters in user, password
   * and vhost are percent-encoded. Default: what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
   */
  readonly url?: string
  /** Passed to Node for an `amqps:` address: `ca`, `cert`, `key`, `servername`, … */
  readonly tls?: TlsOptions
  /** How long one attempt to connect may take, milliseconds. Default: 10000. */
  readonly connectTimeoutMs?: number
  /** How long to go on trying while no broker answers and no item is held, milliseconds. Default: 300000. */
  readonly reconnectForMs?: number
  /**
   * How long the broker may go on answering that there is no such queue, or no permission, before that is believed,
   * milliseconds: a broker that heals says so for a moment. Default: 20000.
   */
  readonly configGraceMs?: number
  /** `exit`: an empty queue is the outcome `empty`. `wait`: wait for an item. Default: `exit`. */
  readonly empty?: 'exit' | 'wait'
  /** How long to wait for an item before asking whether the queue is empty, milliseconds. Default: 2000. */
  readonly emptyAfterMs?: number
  /**
   * How long to wait at most while other workers hold items that they may give back, milliseconds. More than 24000: a
   * worker that died is noticed by the broker after up to three heartbeats of 8 s. Default: 30000.
   */
  readonly idleTimeoutMs?: number
  /**
   * Ends the call. A handler that runs hears of it by its own signal and has `graceMs` to finish; then its item is
   * released for the next worker.
   */
  readonly signal?: AbortSignal
  /** How long a handler may go on after `signal`, milliseconds. Default: 25000, under Kubernetes' 30 s. */
  readonly graceMs?: number
  /** How long the broker may take to accept the ack, milliseconds. Default: 10000. */
  readonly settleTimeoutMs?: number
  /** Hears of waits and retries. Default: silent. */
  readonly logger?: Logger
}

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly queue: string
  readonly address: Address
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly reconnectForMs: number
  readonly configGraceMs: number
  readonly empty: 'exit' | 'wait'
  readonly emptyAfterMs: number
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly graceMs: number
  readonly settleTimeoutMs: number
  readonly logger: Logger
}

const SILENT: Logger = { info: () => {}, warn: () => {} }

/** Three heartbeats of 8 s: until then a worker that died may still hold its item. */
const DEAD_WORKER_NOTICED_MS = 24_000

/** Checks and completes the options, once, at the door. */
export function resolveOptions(options: ConsumeOneOptions): ResolvedOptions {
  const problems = new Problems()
  const name = queueNameProblem(options.queue)
  if (name !== undefined) problems.add('queue', name)
  problems.oneOf('empty', options.empty, ['exit', 'wait'])
  problems.durationMs('connectTimeoutMs', options.connectTimeoutMs, { min: 1 })
  problems.durationMs('reconnectForMs', options.reconnectForMs)
  problems.durationMs('configGraceMs', options.configGraceMs)
  problems.durationMs('emptyAfterMs', options.emptyAfterMs, { min: 1 })
  problems.durationMs('idleTimeoutMs', options.idleTimeoutMs, { min: DEAD_WORKER_NOTICED_MS + 1 })
  problems.durationMs('graceMs', options.graceMs)
  problems.durationMs('settleTimeoutMs', options.settleTimeoutMs, { min: 1 })
  problems.throwAs('consumeOne', toWorkerError)
  const address = findAddress(options.url)
  if ('code' in address) throw toWorkerError(address)
  return {
    queue: options.queue,
    address,
    tls: options.tls,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    reconnectForMs: options.reconnectForMs ?? 300_000,
    configGraceMs: options.configGraceMs ?? 20_000,
    empty: options.empty ?? 'exit',
    emptyAfterMs: options.emptyAfterMs ?? 2_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    signal: options.signal,
    graceMs: options.graceMs ?? 25_000,
    settleTimeoutMs: options.settleTimeoutMs ?? 10_000,
    logger: options.logger ?? SILENT,
  }
}
