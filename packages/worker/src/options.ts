import { type AmqpConnection, checkAmqpConnection, checkQueueName, findAddress, type TlsOptions } from '@internal/amqp'
import { type Names, Problems } from '@internal/options'
import { toWorkerError } from './errors.ts'
import { type Logger, SILENT } from './logger.ts'
import type { Broker } from './take/broker.ts'

export interface ConsumeOneOptions {
  /** The queue to take from. It must exist: a worker declares nothing. */
  readonly queue: string
  /**
   * The broker's address, `amqp://user:password@host:5672/vhost` or `amqps://…`; special characters in user, password
   * and vhost are percent-encoded. Default: what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
   */
  readonly url?: string | undefined
  /** Passed to Node for an `amqps:` address: `ca`, `cert`, `key`, `servername`, … */
  readonly tls?: TlsOptions | undefined
  /**
   * An open amqplib connection of the app's own, used instead of one to `url`. It is never closed here, and not opened
   * again when it is lost. Dead letters need a connection of their own: give `url` as well, or set `BROKER_URL`.
   */
  readonly connection?: AmqpConnection | undefined
  /** How long one attempt to connect may take, milliseconds. Default: 10000. */
  readonly connectTimeoutMs?: number | undefined
  /** How long to go on trying while no broker answers and no item is held, milliseconds. Default: 300000. */
  readonly reconnectForMs?: number | undefined
  /**
   * How long the broker may go on answering that there is no such queue, or no permission, before that is believed,
   * milliseconds: a broker that heals says so for a moment. Default: 20000.
   */
  readonly configGraceMs?: number | undefined
  /** `exit`: an empty queue is the outcome `empty`. `wait`: wait for an item. Default: `exit`. */
  readonly empty?: 'exit' | 'wait' | undefined
  /** How long to wait for an item before asking whether the queue is empty, milliseconds. Default: 2000. */
  readonly emptyAfterMs?: number | undefined
  /**
   * How long to wait at most while other workers hold items that they may give back, milliseconds. More than 24000: a
   * worker that died is noticed by the broker after up to three heartbeats of 8 s. Default: 30000.
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * How often to run a handler again in this process, with the item in hand, before the attempt counts as failed.
   * Default: 0.
   */
  readonly retries?: number | undefined
  /** The pause before the first of the `retries`, milliseconds; it doubles, with jitter, to 30 s. Default: 1000. */
  readonly retryDelayMs?: number | undefined
  /**
   * How often RabbitMQ 4.3 may take an item back uncounted, as too slow or as released, before it goes to the dead
   * letters unhandled: nothing else there ends an item that is always too slow. Default: 5.
   */
  readonly uncountedLimit?: number | undefined
  /**
   * Ends the call. A handler that runs hears of it by its own signal and has `graceMs` to finish; then its item is
   * released for the next worker.
   */
  readonly signal?: AbortSignal | undefined
  /** How long a handler may go on after `signal`, milliseconds. Default: 25000, under Kubernetes' 30 s. */
  readonly graceMs?: number | undefined
  /** How long the broker may take to accept the ack, milliseconds. Default: 10000. */
  readonly settleTimeoutMs?: number | undefined
  /** Hears of waits and retries. Default: silent. */
  readonly logger?: Logger | undefined
}

export interface ConsumeManyOptions extends ConsumeOneOptions {
  /** How many items to work on at the same time. Default: 1. */
  readonly concurrency?: number | undefined
  /** End after so many items are done or dead-lettered; failed attempts do not count. Default: no limit. */
  readonly maxItems?: number | undefined
  /** Take no more items after so long, milliseconds; those in hand are finished. Default: no limit. */
  readonly maxDurationMs?: number | undefined
  /**
   * So many failed attempts in a row, over all items, end the run with `TOO_MANY_FAILURES`: a worker that can do nothing must not use
   * up the deliveries of the whole queue. Default: 5.
   */
  readonly maxConsecutiveFailures?: number | undefined
}

/** The names of what every way to take items knows. */
export const WORKER_OPTIONS: Names<Omit<ConsumeOneOptions, 'signal'>> = {
  queue: true,
  url: true,
  tls: true,
  connection: true,
  connectTimeoutMs: true,
  reconnectForMs: true,
  configGraceMs: true,
  empty: true,
  emptyAfterMs: true,
  idleTimeoutMs: true,
  retries: true,
  retryDelayMs: true,
  uncountedLimit: true,
  graceMs: true,
  settleTimeoutMs: true,
  logger: true,
}

const ONE_OPTIONS: Names<ConsumeOneOptions> = { ...WORKER_OPTIONS, signal: true }

const MANY_OPTIONS: Names<ConsumeManyOptions> = {
  ...ONE_OPTIONS,
  concurrency: true,
  maxItems: true,
  maxDurationMs: true,
  maxConsecutiveFailures: true,
}

/** What a handler has to end after it was asked to: less than the 30 s that Kubernetes gives a pod. */
export const GRACE_MS = 25_000

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly queue: string
  readonly broker: Broker
  readonly configGraceMs: number
  readonly empty: 'exit' | 'wait'
  readonly emptyAfterMs: number
  readonly idleTimeoutMs: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly uncountedLimit: number
  readonly signal: AbortSignal | undefined
  readonly graceMs: number
  readonly settleTimeoutMs: number
  readonly logger: Logger
}

/** The options of `consumeMany` with every default filled in; no limit is infinity. */
export interface ResolvedManyOptions extends ResolvedOptions {
  readonly concurrency: number
  readonly maxItems: number
  readonly maxDurationMs: number | undefined
  readonly maxConsecutiveFailures: number
}

/** Three heartbeats of 8 s: until then a worker that died may still hold its item. */
export const DEAD_WORKER_NOTICED_MS = 24_000

/** The most that AMQP can say of a prefetch. */
const MOST_AT_ONCE = 65_535

/** Checks and completes the options of `consumeOne`, once, at the door. */
export function resolveOneOptions(handler: unknown, given: ConsumeOneOptions): ResolvedOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const options = problems.options('options', given, ONE_OPTIONS)
  checkQueueName(problems, options.queue)
  checkShared(problems, options)
  problems.throwAs('consumeOne', toWorkerError)
  return resolveShared(options)
}

/** Checks and completes the options of `consumeMany`, once, at the door. */
export function resolveManyOptions(handler: unknown, given: ConsumeManyOptions): ResolvedManyOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const options = problems.options('options', given, MANY_OPTIONS)
  checkQueueName(problems, options.queue)
  checkMany(problems, options)
  problems.throwAs('consumeMany', toWorkerError)
  return {
    ...resolveShared(options),
    concurrency: options.concurrency ?? 1,
    maxItems: options.maxItems ?? Number.POSITIVE_INFINITY,
    maxDurationMs: options.maxDurationMs,
    maxConsecutiveFailures: options.maxConsecutiveFailures ?? 5,
  }
}

/** Adds what would else be known only when an item is in hand, and cost it a delivery. */
export function checkHandler(problems: Problems, handler: unknown): void {
  if (typeof handler !== 'function') problems.add('handler', 'must be a function that does the work of an item')
}

/** Adds all that is wrong with the values of these options, but the queue's. */
export function checkMany(problems: Problems, options: Omit<ConsumeManyOptions, 'queue'>): void {
  checkShared(problems, options)
  problems.wholeNumber('concurrency', options.concurrency, { min: 1, max: MOST_AT_ONCE })
  problems.wholeNumber('maxItems', options.maxItems, { min: 1 })
  problems.durationMs('maxDurationMs', options.maxDurationMs, { min: 1 })
  problems.wholeNumber('maxConsecutiveFailures', options.maxConsecutiveFailures, { min: 1 })
}

function checkShared(problems: Problems, options: Omit<ConsumeOneOptions, 'queue'>): void {
  checkAmqpConnection(problems, options.connection)
  problems.passedOn('tls', options.tls, 'tls.connect of Node')
  problems.signal('signal', options.signal)
  problems.methods('logger', options.logger, ['info', 'warn'])
  problems.oneOf('empty', options.empty, ['exit', 'wait'])
  problems.durationMs('connectTimeoutMs', options.connectTimeoutMs, { min: 1 })
  problems.durationMs('reconnectForMs', options.reconnectForMs)
  problems.durationMs('configGraceMs', options.configGraceMs)
  problems.durationMs('emptyAfterMs', options.emptyAfterMs, { min: 1 })
  problems.durationMs('idleTimeoutMs', options.idleTimeoutMs, { min: DEAD_WORKER_NOTICED_MS + 1 })
  problems.wholeNumber('retries', options.retries, { max: 1_000 })
  problems.durationMs('retryDelayMs', options.retryDelayMs)
  problems.wholeNumber('uncountedLimit', options.uncountedLimit, { min: 1 })
  problems.durationMs('graceMs', options.graceMs)
  problems.durationMs('settleTimeoutMs', options.settleTimeoutMs, { min: 1 })
}

function resolveShared(options: ConsumeOneOptions): ResolvedOptions {
  const found = findAddress(options.url)
  // A connection that is there needs no address; a wrong one is said all the same.
  if ('code' in found && (options.connection === undefined || found.code !== 'BROKER_URL_MISSING')) {
    throw toWorkerError(found)
  }
  return {
    queue: options.queue,
    broker: {
      address: 'code' in found ? undefined : found,
      borrowed: options.connection,
      tls: options.tls,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      reconnectForMs: options.reconnectForMs ?? 300_000,
    },
    configGraceMs: options.configGraceMs ?? 20_000,
    empty: options.empty ?? 'exit',
    emptyAfterMs: options.emptyAfterMs ?? 2_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    retries: options.retries ?? 0,
    retryDelayMs: options.retryDelayMs ?? 1_000,
    uncountedLimit: options.uncountedLimit ?? 5,
    signal: options.signal,
    graceMs: options.graceMs ?? GRACE_MS,
    settleTimeoutMs: options.settleTimeoutMs ?? 10_000,
    logger: options.logger ?? SILENT,
  }
}
