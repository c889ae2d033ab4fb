import { hostname } from 'node:os'
import {
  type AmqpConnection,
  type AmqpFault,
  ConnectFailed,
  internalFault,
  type OwnConnection,
  openConnection,
} from '@internal/amqp'
import { within } from '@internal/async'
import type { BrokerAddress } from '@internal/contract'
import { describeThrown, showText } from '@internal/errors'
import { aborted } from '../abort.ts'
import { fromFault } from '../errors.ts'
import type { Tell } from '../events.ts'
import type { ResolvedConnection } from './connection-options.ts'
import type { Blocked, Link } from './link.ts'
import { rawConnection } from './raw-connection.ts'

/** How long the broker may take to answer a close, milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000

/** A connection of this package's own: opened on demand, once for all calls that wait for it, and again after it was lost. */
export class OwnLink implements Link {
  readonly shown: string
  readonly vhost: string
  readonly reconnects = true
  readonly #address: BrokerAddress
  readonly #options: ResolvedConnection
  readonly #tell: Tell
  readonly #listeners = new Set<() => void>()
  readonly #closing = new AbortController()
  #connection: OwnConnection | undefined
  #opening: Promise<OwnConnection> | undefined
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
    if (this.#connection !== undefined) return this.#connection.model
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined
    })
    try {
      const opened = await within(this.#opening, Number.POSITIVE_INFINITY, signal)
      return (opened as OwnConnection).model
    } catch (error) {
      throw aborted(signal) ?? error
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  separate(): Link {
    return new OwnLink(this.#address, this.#options, this.#tell)
  }

  /** Never waits longer than for one answer of the broker, which a broker that is gone does not give. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#opening?.catch(() => {})
    const connection = this.#connection
    this.#connection = undefined
    await connection?.close(CLOSE_TIMEOUT_MS)
  }

  async #connect(): Promise<OwnConnection> {
    const { tls, connectTimeoutMs, reconnectForMs } = this.#options
    let isWarned = false
    try {
      const connection = await openConnection(this.#address, {
        tls,
        connectTimeoutMs,
        reconnectForMs,
        signal: this.#closing.signal,
        connectionName: `podqueue producer on ${hostname()}`,
        onRetry: (fault) => {
          const isHeard = this.#tellRetry(fault)
          if (!isHeard && !isWarned) process.emitWarning(`${fault.message} Trying again.`, 'PodqueueWarning')
          isWarned = true
        },
      })
      this.#adopt(connection)
      return connection
    } catch (error) {
      if (error instanceof ConnectFailed) throw fromFault(error.fault)
      throw aborted(this.#closing.signal) ?? fromFault(internalFault(error, { address: this.shown }))
    }
  }

  /** Returns whether a logger or a listener of the app hears of it. */
  #tellRetry({ code, message }: AmqpFault): boolean {
    const { logger } = this.#options
    logger?.warn({ code, address: this.shown }, `${message} Trying again.`)
    return this.#tell('retrying', { address: this.shown, code, reason: message }) || logger !== undefined
  }

  #adopt(connection: OwnConnection): void {
    const { model } = connection
    this.#connection = connection
    this.#lost = undefined
    const address = this.shown
    model.on('blocked', (words) => {
      const reason = showText(words)
      this.#blocked = { since: performance.now(), reason }
      this.#options.logger?.warn({ address, reason }, 'The broker takes no messages for now.')
      this.#tell('blocked', { address, reason })
      this.#changed()
    })
    model.on('unblocked', () => {
      this.#blocked = undefined
      this.#tell('unblocked', { address })
      this.#changed()
    })
    model.on('error', (error) => {
      this.#lost = error
    })
    model.on('close', (error) => {
      this.#blocked = undefined
      this.#lost = error ?? this.#lost ?? new Error('It was closed')
      // This link closed it: nothing is lost.
      if (this.#connection !== connection) return
      this.#connection = undefined
      const reason = describeThrown(this.#lost)
      this.#options.logger?.warn({ address, reason }, 'The connection to the broker was lost.')
      this.#tell('disconnected', { address, reason })
      this.#changed()
    })
    const stream = rawConnection(model)?.stream as NodeJS.EventEmitter | undefined
    stream?.on('drain', () => this.#changed())
    this.#tell('connected', { address })
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
