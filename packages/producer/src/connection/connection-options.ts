import { type AmqpConnection, checkAmqpConnection, findAddress, type TlsOptions } from '@internal/amqp'
import { guardLogger } from '@internal/async'
import type { BrokerAddress } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { fromFault } from '../errors.ts'
import { checkListeners, type ProducerListeners } from '../events.ts'
import type { Logger } from '../logger.ts'

/** The options of every call that opens a connection. */
export interface ConnectionOptions {
  /**
   * The broker's address, `amqp://user:password@host:5672/vhost` or `amqps://…`; special characters in user, password
   * and vhost are percent-encoded. Default: what the file named by `BROKER_URL_FILE` holds, else `BROKER_URL`.
   */
  readonly url?: string | undefined
  /** Passed to Node for an `amqps:` address: `ca`, `cert`, `key`, `servername`, … */
  readonly tls?: TlsOptions | undefined
  /**
   * An open amqplib connection of the app's own, used instead of `url`. It is never closed here, and not opened again when it
   * is lost: items that are unconfirmed then end as `unknown`.
   */
  readonly connection?: AmqpConnection | undefined
  /** How long one attempt to connect may take, milliseconds. Default: 10000. */
  readonly connectTimeoutMs?: number | undefined
  /**
   * How long to go on trying while no broker answers, milliseconds: at the start, and after a connection was lost. A fault
   * that cannot heal by itself, such as a wrong password, fails at once. 0: one attempt. Default: 30000.
   */
  readonly reconnectForMs?: number | undefined
  /**
   * Gets a line for each retry and loss, in the form of pino: `logger.warn({ … }, 'text')`. Its errors become process warnings.
   * Default: none; then a process warning on standard error tells when a call begins to try again, unless a listener for
   * `retrying` hears of it.
   */
  readonly logger?: Logger | undefined
  /** Listeners, by the event's name. The error of a listener becomes a process warning and changes nothing. */
  readonly on?: ProducerListeners | undefined
}

/** The names of these options. */
export const CONNECTION_OPTIONS: Names<ConnectionOptions> = {
  url: true,
  tls: true,
  connection: true,
  connectTimeoutMs: true,
  reconnectForMs: true,
  logger: true,
  on: true,
}

/** The options of a connection with every default filled in. */
export interface ResolvedConnection {
  readonly tls: TlsOptions | undefined
  readonly borrowed: AmqpConnection | undefined
  readonly connectTimeoutMs: number
  readonly reconnectForMs: number
  /** Never throws or rejects. Undefined without a logger of the app. */
  readonly logger: Logger | undefined
  readonly on: ProducerListeners
}

/** Checks the options of a connection. */
export function checkConnectionOptions(problems: Problems, options: ConnectionOptions): void {
  problems.durationMs('connectTimeoutMs', options.connectTimeoutMs, { min: 1 })
  problems.durationMs('reconnectForMs', options.reconnectForMs)
  problems.passedOn('tls', options.tls, 'tls.connect of Node')
  problems.methods('logger', options.logger, ['info', 'warn'])
  checkListeners(problems, options.on)
  const { connection, url } = options
  if (url !== undefined && typeof url !== 'string')
    problems.add('url', 'must be a string, such as amqp://user:password@host')
  checkAmqpConnection(problems, connection)
  if (connection !== undefined && url !== undefined)
    problems.add('url', 'is not used together with connection: leave one of the two out')
}

/** @throws {ProducerError} `BROKER_URL_MISSING` or `BROKER_URL_INVALID` */
export function resolveAddress(url: string | undefined): BrokerAddress {
  const address = findAddress(url)
  if ('code' in address) throw fromFault(address)
  return address
}

export function resolveConnection(options: ConnectionOptions): ResolvedConnection {
  return {
    tls: options.tls,
    borrowed: options.connection,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    reconnectForMs: options.reconnectForMs ?? 30_000,
    logger: options.logger === undefined ? undefined : guardLogger(options.logger),
    on: options.on ?? {},
  }
}
