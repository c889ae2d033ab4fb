import { hostname } from 'node:os'
import { type AmqpConnection, ConnectFailed, connect } from '@internal/amqp'
import type { BrokerAddress } from '@internal/contract'
import type { ChannelModel } from 'amqplib'
import { aborted } from '../abort.ts'
import { ProducerError } from '../errors.ts'
import type { Tell } from '../events.ts'
import type { ResolvedConnection } from './connection-options.ts'
import { type Blocked, type Link, rawConnection } from './link.ts'

/** A connection of this package's own: opened on demand, once for all who ask, and again after it was lost. */
export class OwnLink implements Link {
  readonly shown: string
  readonly vhost: string
  readonly reconnects = true
  readonly #address: BrokerAddress
  readonly #options: ResolvedConnection
  readonly #tell: Tell
  readonly #listeners = new Set<() => void>()
  readonly #closing = new AbortController()
  #connection: ChannelModel | undefined
  #opening: Promise<ChannelModel> | undefined
  #blocked: Blocked | undefined
  #lost: unknown

  constructor(address: BrokerAddress, options: ResolvedConnection, tell: Tell) {
    this.shown = address.shown
    this.vhost = address.vhost
    this.#address = address
    this.#options = options
    this.#tell = tell
  }

  get blocked(): Blocked | undefined {
    return this.#blocked
  }

  get lost(): unknown {
    return this.#lost
  }

  async open(signal?: AbortSignal): Promise<AmqpConnection> {
    if (this.#connection !== undefined) return this.#connection
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    const opening = this.#opening
    // Whoever gives up waiting must not leave a rejection that nobody handles.
    opening.catch(() => {})
    if (signal === undefined) return await opening
    const { promise: ended, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(aborted(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      return await Promise.race([opening, ended])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Never waits longer than for one answer of the broker, which one that is gone does not give. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#opening?.catch(() => {})
    const connection = this.#connection
    if (connection === undefined) return
    this.#connection = undefined
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    await Promise.race([connection.close().catch(() => {}), late])
    clearTimeout(timer)
    // A socket whose peer is gone would keep the process: destroying it is all that is left to do.
    destroySocket(connection)
  }

  async #connect(): Promise<ChannelModel> {
    const { tls, connectTimeoutMs, reconnectForMs, logger } = this.#options
    try {
      const connection = await connect(this.#address, {
        tls,
        connectTimeoutMs,
        reconnectForMs,
        signal: this.#closing.signal,
        connectionName: `podqueue producer on ${hostname()}`,
        onRetry: ({ code, message }) => logger.warn({ code, address: this.shown }, `${message} Trying again.`),
      })
      this.#adopt(connection)
      return connection
    } catch (error) {
      if (error instanceof ConnectFailed) throw new ProducerError(error.fault)
      throw aborted(this.#closing.signal) ?? error
    }
  }

  #adopt(connection: ChannelModel): void {
    this.#connection = connection
    this.#lost = undefined
    const address = this.shown
    connection.on('blocked', (reason) => {
      this.#blocked = { since: performance.now(), reason }
      this.#options.logger.warn({ address, reason }, 'The broker takes no messages for now.')
      this.#tell('blocked', { address, reason })
      this.#changed()
    })
    connection.on('unblocked', () => {
      this.#blocked = undefined
      this.#tell('unblocked', { address })
      this.#changed()
    })
    connection.on('error', (error) => {
      this.#lost = error
    })
    connection.on('close', (error) => {
      this.#blocked = undefined
      this.#lost = error ?? this.#lost ?? new Error('It was closed')
      // Closed by us: nothing is lost.
      if (this.#connection !== connection) return
      this.#connection = undefined
      const reason = this.#lost instanceof Error ? this.#lost.message : String(this.#lost)
      this.#options.logger.warn({ address, reason }, 'The connection to the broker was lost.')
      this.#tell('disconnected', { address, reason })
      this.#changed()
    })
    const stream = rawConnection(connection)?.stream as NodeJS.EventEmitter | undefined
    stream?.on('drain', () => this.#changed())
    this.#tell('connected', { address })
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

function destroySocket(connection: ChannelModel): void {
  const stream = rawConnection(connection)?.stream as { destroy?(): void } | undefined
  stream?.destroy?.()
}

const CLOSE_TIMEOUT_MS = 1_000
