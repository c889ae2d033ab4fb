import { checkAmqpConnection, checkQueueName, findAddress } from '@internal/amqp'
import { guardLogger, nativeSignal } from '@internal/async'
import { EMPTY_CHOICES, type EmptyChoice, WORKER_SETTINGS } from '@internal/contract'
import { type Names, Problems } from '@internal/options'
import type { Broker } from '../broker/broker.ts'
import { toWorkerError } from '../errors.ts'
import { checkListeners, type Tell, tellListeners } from '../events.ts'
import { type Logger, SILENT } from '../logger.ts'
import { ResultLink } from '../results/result-link.ts'
import type { ConsumeManyOptions, ConsumeOneOptions } from './worker-options.ts'

/** The names of the options that every way to take items has. */
export const WORKER_OPTIONS: Names<Omit<ConsumeOneOptions, 'signal'>> = {
  queue: true,
  url: true,
  tls: true,
  connection: true,
  connectTimeoutMs: true,
  reconnectForMs: true,
  notFoundRetryMs: true,
  empty: true,
  emptyCheckDelayMs: true,
  idleTimeoutMs: true,
  retries: true,
  retryDelayMs: true,
  uncountedLimit: true,
  graceMs: true,
  ackTimeoutMs: true,
  maxResultBytes: true,
  blockedTimeoutMs: true,
  logger: true,
  on: true,
}

const ONE_OPTIONS: Names<ConsumeOneOptions> = { ...WORKER_OPTIONS, signal: true }

const MANY_OPTIONS: Names<ConsumeManyOptions> = {
  ...ONE_OPTIONS,
  concurrency: true,
  maxItems: true,
  maxDurationMs: true,
  maxConsecutiveFailures: true,
}

/** The default of `graceMs`: less than the 30 s that Kubernetes gives a pod. */
const GRACE_MS = 25_000

/** The default of `maxResultBytes`. */
export const MAX_RESULT_BYTES: number = 1024 * 1024

/** The options with every default filled in. */
export interface ResolvedOptions {
  readonly queue: string
  readonly broker: Broker
  readonly notFoundRetryMs: number
  readonly empty: EmptyChoice
  readonly emptyCheckDelayMs: number
  readonly idleTimeoutMs: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly uncountedLimit: number
  readonly signal: AbortSignal | undefined
  readonly graceMs: number
  readonly ackTimeoutMs: number
  readonly maxResultBytes: number
  /** Takes the results of items that want one. It opens its connection at the first of them. */
  readonly results: ResultLink
  readonly logger: Logger
  readonly tell: Tell
}

/** The options of `consumeMany` with every default filled in. Infinity means no limit. */
export interface ResolvedManyOptions extends ResolvedOptions {
  readonly concurrency: number
  readonly maxItems: number
  readonly maxDurationMs: number | undefined
  readonly maxConsecutiveFailures: number
}

/** Checks the options of `consumeOne` and fills in the defaults. */
export function resolveOneOptions(handler: unknown, given: ConsumeOneOptions): ResolvedOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const options = problems.options('options', given, ONE_OPTIONS)
  checkQueueName(problems, options.queue)
  problems.guard('options', () => checkShared(problems, options))
  problems.throwAs('consumeOne', toWorkerError)
  return resolveShared(options)
}

/** Checks the options of `consumeMany` and fills in the defaults. */
export function resolveManyOptions(handler: unknown, given: ConsumeManyOptions): ResolvedManyOptions {
  const problems = new Problems()
  checkHandler(problems, handler)
  const options = problems.options('options', given, MANY_OPTIONS)
  checkQueueName(problems, options.queue)
  problems.guard('options', () => checkMany(problems, options))
  problems.throwAs('consumeMany', toWorkerError)
  return resolveMany(options)
}

/** Fills in the defaults of options that were checked. */
export function resolveMany(options: ConsumeManyOptions): ResolvedManyOptions {
  return {
    ...resolveShared(options),
    concurrency: options.concurrency ?? WORKER_SETTINGS.concurrency.default,
    maxItems: options.maxItems ?? Number.POSITIVE_INFINITY,
    maxDurationMs: options.maxDurationMs,
    maxConsecutiveFailures: options.maxConsecutiveFailures ?? 5,
  }
}

/** Refuses a handler that would fail only with an item in hand, and use up one of its deliveries. */
export function checkHandler(problems: Problems, handler: unknown): void {
  if (typeof handler !== 'function') problems.add('handler', 'must be a function that does the work of an item')
}

/** Checks the values of these options, except the queue. */
export function checkMany(problems: Problems, options: Omit<ConsumeManyOptions, 'queue'>): void {
  checkShared(problems, options)
  problems.wholeNumber('concurrency', options.concurrency, WORKER_SETTINGS.concurrency)
  problems.wholeNumber('maxItems', options.maxItems, { min: 1 })
  problems.durationMs('maxDurationMs', options.maxDurationMs, { min: 1 })
  problems.wholeNumber('maxConsecutiveFailures', options.maxConsecutiveFailures, { min: 1 })
}

function checkShared(problems: Problems, options: Omit<ConsumeOneOptions, 'queue'>): void {
  checkAmqpConnection(problems, options.connection)
  problems.passedOn('tls', options.tls, 'tls.connect of Node')
  problems.signal('signal', options.signal)
  problems.methods('logger', options.logger, ['info', 'warn'])
  checkListeners(problems, options.on)
  problems.oneOf('empty', options.empty, EMPTY_CHOICES)
  problems.durationMs('connectTimeoutMs', options.connectTimeoutMs, { min: 1 })
  problems.durationMs('reconnectForMs', options.reconnectForMs)
  problems.durationMs('notFoundRetryMs', options.notFoundRetryMs)
  problems.wholeNumber('emptyCheckDelayMs', options.emptyCheckDelayMs, WORKER_SETTINGS.emptyCheckDelayMs)
  problems.wholeNumber('idleTimeoutMs', options.idleTimeoutMs, WORKER_SETTINGS.idleTimeoutMs)
  problems.wholeNumber('retries', options.retries, { max: 1_000 })
  problems.durationMs('retryDelayMs', options.retryDelayMs)
  problems.wholeNumber('uncountedLimit', options.uncountedLimit, { min: 1 })
  problems.durationMs('graceMs', options.graceMs)
  problems.durationMs('ackTimeoutMs', options.ackTimeoutMs, { min: 1 })
  problems.wholeNumber('maxResultBytes', options.maxResultBytes, { min: 1 })
  problems.durationMs('blockedTimeoutMs', options.blockedTimeoutMs, { min: 1 })
}

function resolveShared(options: ConsumeOneOptions): ResolvedOptions {
  const found = findAddress(options.url)
  // A connection of the app's own needs no address. A wrong address is an error all the same.
  if ('code' in found && (options.connection === undefined || found.code !== 'BROKER_URL_MISSING')) {
    throw toWorkerError(found)
  }
  const broker: Broker = {
    address: 'code' in found ? undefined : found,
    borrowed: options.connection,
    tls: options.tls,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    reconnectForMs: options.reconnectForMs ?? 300_000,
  }
  const { ackTimeoutMs = 10_000, blockedTimeoutMs = 300_000 } = options
  return {
    queue: options.queue,
    broker,
    results: new ResultLink({ broker, ackTimeoutMs, blockedTimeoutMs }),
    maxResultBytes: options.maxResultBytes ?? MAX_RESULT_BYTES,
    notFoundRetryMs: options.notFoundRetryMs ?? 20_000,
    empty: options.empty ?? 'exit',
    emptyCheckDelayMs: options.emptyCheckDelayMs ?? WORKER_SETTINGS.emptyCheckDelayMs.default,
    idleTimeoutMs: options.idleTimeoutMs ?? WORKER_SETTINGS.idleTimeoutMs.default,
    retries: options.retries ?? 0,
    retryDelayMs: options.retryDelayMs ?? 1_000,
    uncountedLimit: options.uncountedLimit ?? 5,
    signal: options.signal === undefined ? undefined : nativeSignal(options.signal),
    graceMs: options.graceMs ?? GRACE_MS,
    ackTimeoutMs,
    logger: options.logger === undefined ? SILENT : guardLogger(options.logger),
    tell: tellListeners(options.on ?? {}),
  }
}
