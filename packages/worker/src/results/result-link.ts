import { ConnectFailed, type OwnConnection, openConfirmChannel, openConnection, operationFault } from '@internal/amqp'
import { late, pause, within } from '@internal/async'
import type { ConfirmChannel, Options } from 'amqplib'
import type { Broker } from '../broker/broker.ts'
import { logIsGone } from './log-is-gone.ts'

/** One record of a result log. */
export interface ResultRecord {
  readonly log: string
  readonly content: Buffer
  readonly properties: Options.Publish
}

/** The end of a publish: the broker has it, the log is gone, or the reason why it failed. */
export type ResultEnd =
  | { readonly type: 'confirmed' | 'unclaimed' }
  | { readonly type: 'failed'; readonly reason: string }

export interface ResultLinkOptions {
  readonly broker: Broker
  readonly ackTimeoutMs: number
  readonly blockedTimeoutMs: number
}

/**
 * Publishes results, on a connection of its own that the first of them opens. During an alarm the broker reads nothing more
 * from a connection that publishes: on that of the items the acks would freeze too (https://www.rabbitmq.com/docs/alarms).
 */
export class ResultLink {
  readonly #options: ResultLinkOptions
  readonly #returned = new Set<string>()
  readonly #asking = new Map<string, Promise<boolean>>()
  #opening: Promise<OpenLink> | undefined
  #published = 0

  constructor(options: ResultLinkOptions) {
    this.#options = options
  }

  /** Publishes a record, mandatory, and waits for the broker's confirm. Never rejects. */
  async publish(record: ResultRecord): Promise<ResultEnd> {
    const { broker } = this.#options
    if (broker.address === undefined) {
      return { type: 'failed', reason: 'It needs a connection of its own, and no url was given beside connection.' }
    }
    try {
      return await this.#untilTakenOrUnclaimed(await this.#open(), record, broker.address.shown)
    } catch (error) {
      if (error instanceof ConnectFailed) return { type: 'failed', reason: error.fault.message }
      const { message } = operationFault(error, { queue: record.log, address: broker.address.shown })
      return { type: 'failed', reason: message }
    }
  }

  /** Publishes again what was returned although its log is there. */
  async #untilTakenOrUnclaimed(link: OpenLink, record: ResultRecord, address: string): Promise<ResultEnd> {
    const { ackTimeoutMs } = this.#options
    const startedAt = performance.now()
    for (;;) {
      const end = await this.#untilConfirmed(link, this.#publishOn(link, record))
      if (end.type !== 'unclaimed') return end
      const isGone = await within(this.#isGone(link, record.log, address), ackTimeoutMs)
      if (isGone === true) return end
      if (isGone === late || performance.now() - startedAt > ackTimeoutMs) {
        return { type: 'failed', reason: `The broker returned it, and does not say that ${record.log} was deleted.` }
      }
      await pause(RETURNED_PAUSE_MS)
    }
  }

  /** Asks once for all results of a log that come back at the same time. */
  #isGone({ connection }: OpenLink, log: string, address: string): Promise<boolean> {
    let asking = this.#asking.get(log)
    if (asking === undefined) {
      asking = logIsGone(connection.model, log, address).finally(() => this.#asking.delete(log))
      this.#asking.set(log, asking)
    }
    return asking
  }

  /** The time does not run while the broker blocks, which has a limit of its own, and begins anew when it takes messages again. */
  async #untilConfirmed(link: OpenLink, confirmed: Promise<ResultEnd>): Promise<ResultEnd> {
    const { ackTimeoutMs, blockedTimeoutMs } = this.#options
    for (let waitMs = ackTimeoutMs; waitMs > 0; ) {
      const end = await within(confirmed, waitMs)
      if (end !== late) return end
      const blockedForMs = link.blockedForMs()
      if (blockedForMs !== undefined && blockedForMs > blockedTimeoutMs) {
        return { type: 'failed', reason: `The broker took no messages for ${blockedTimeoutMs} ms.` }
      }
      waitMs = blockedForMs === undefined ? ackTimeoutMs - link.unblockedForMs() : Math.min(ackTimeoutMs, 1_000)
    }
    return { type: 'failed', reason: `The broker did not confirm it within ${ackTimeoutMs} ms.` }
  }

  /** Closes the connection, if one was opened. */
  async close(): Promise<void> {
    const opening = this.#opening
    if (opening === undefined) return
    // Not waited for long: a connection that an alarm blocks does not answer.
    await opening.then(({ connection }) => connection.close(1_000)).catch(() => {})
  }

  #open(): Promise<OpenLink> {
    if (this.#opening !== undefined) return this.#opening
    const opening = this.#connect()
    this.#opening = opening
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined
    }
    opening.then(({ channel }) => channel.on('close', forget), forget)
    return opening
  }

  async #connect(): Promise<OpenLink> {
    const { broker, ackTimeoutMs } = this.#options
    if (broker.address === undefined) throw new Error('There is no address.')
    const connection = await openConnection(broker.address, {
      tls: broker.tls,
      connectTimeoutMs: Math.min(broker.connectTimeoutMs, ackTimeoutMs),
      reconnectForMs: 0,
      connectionName: 'podqueue worker, for results',
    })
    let blockedAt: number | undefined
    let unblockedAt = Number.NEGATIVE_INFINITY
    connection.model.on('blocked', () => {
      blockedAt = performance.now()
    })
    connection.model.on('unblocked', () => {
      blockedAt = undefined
      unblockedAt = performance.now()
    })
    const channel = await this.#openChannel(connection)
    channel.on('return', ({ properties }: { readonly properties: { readonly messageId: string } }) => {
      this.#returned.add(properties.messageId)
    })
    let cause: unknown
    channel.on('error', (error) => {
      cause = error
    })
    channel.on('close', () => void connection.close(1_000))
    return {
      connection,
      channel,
      blockedForMs: () => (blockedAt === undefined ? undefined : performance.now() - blockedAt),
      unblockedForMs: () => performance.now() - unblockedAt,
      cause: () => cause,
    }
  }

  /** Opens the channel within `ackTimeoutMs`. A connection that cannot is closed: the next result opens another. */
  async #openChannel(connection: OwnConnection): Promise<ConfirmChannel> {
    const { ackTimeoutMs } = this.#options
    try {
      const channel = await within(openConfirmChannel(connection.model), ackTimeoutMs)
      if (channel === late) throw new Error(`The broker opened no channel within ${ackTimeoutMs} ms.`)
      return channel
    } catch (error) {
      await connection.close(1_000)
      throw error
    }
  }

  #publishOn(link: OpenLink, { log, content, properties }: ResultRecord): Promise<ResultEnd> {
    const { channel } = link
    return new Promise((resolve, reject) => {
      this.#published += 1
      const messageId = String(this.#published)
      const all = { ...properties, messageId, persistent: true, mandatory: true }
      channel.publish('', log, content, all, (error: unknown) => {
        // The return comes before the confirm, which is then positive (https://www.rabbitmq.com/docs/confirms).
        if (this.#returned.delete(messageId)) resolve({ type: 'unclaimed' })
        else if (error === null || error === undefined) resolve({ type: 'confirmed' })
        // A closed channel is told here first. Its own event says why.
        else setImmediate(() => reject(link.cause() ?? error))
      })
    })
  }
}

/** The pause before a returned result is published again, milliseconds. */
const RETURNED_PAUSE_MS = 200

interface OpenLink {
  readonly connection: OwnConnection
  readonly channel: ConfirmChannel
  /** How long the broker has blocked the connection, milliseconds; undefined when it does not. */
  blockedForMs(): number | undefined
  /** The time since the last block ended, milliseconds; infinite when there was none. */
  unblockedForMs(): number
  /** The error that closed the channel. */
  cause(): unknown
}
