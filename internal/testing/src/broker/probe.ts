import { setTimeout as sleep } from 'node:timers/promises'
import { type ChannelModel, connect } from 'amqplib'
import { uniqueName } from '../unique-name.ts'

/** The properties that a broker reports when a client logs in. */
export interface BrokerIdentity {
  readonly product: string
  readonly version: string
}

/** How a probe may go. */
export interface ProbeOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number
  /** Also declares a quorum queue and deletes it: these are ready later than the rest of a broker. Default: false. */
  readonly quorumQueue?: boolean
}

/** Logs in and opens a channel. Rejects with what the broker, or the network, answered. */
export async function probe(url: string, options: ProbeOptions): Promise<BrokerIdentity> {
  let connection: ChannelModel | undefined
  let expired = false
  const deadline = sleep(options.timeoutMs, undefined, { ref: false }).then(() => {
    expired = true
    throw new Error(`no answer within ${options.timeoutMs} ms`)
  })
  const attempt = (async () => {
    // amqplib's own `timeout` covers the socket's idleness, not the whole handshake.
    connection = await connect(url, { timeout: options.timeoutMs })
    // Also an attempt that nobody waits for any more must not leave a connection, or an 'error' event without a listener.
    connection.on('error', () => {})
    if (expired) {
      await close(connection)
      throw new Error('too late')
    }
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    if (options.quorumQueue) {
      const queue = uniqueName('probe')
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
      await channel.deleteQueue(queue)
    }
    return identity(connection)
  })()
  attempt.catch(() => {})
  try {
    return await Promise.race([attempt, deadline])
  } finally {
    deadline.catch(() => {})
    if (connection) await close(connection)
  }
}

/**
 * Probes again and again until the broker takes a quorum queue.
 *
 * @throws Error with the last answer when `timeoutMs` is over; the signal's reason when it aborts.
 */
export async function untilReady(
  url: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<BrokerIdentity> {
  const end = Date.now() + timeoutMs
  for (;;) {
    signal.throwIfAborted()
    try {
      return await probe(url, { timeoutMs: 10_000, quorumQueue: true })
    } catch (error) {
      if (Date.now() > end) throw new Error(`not ready within ${timeoutMs / 1000} s: ${error}`, { cause: error })
      await sleep(50, undefined, { signal })
    }
  }
}

function identity(connection: ChannelModel): BrokerIdentity {
  const { product, version } = connection.connection.serverProperties
  return { product: String(product), version: String(version) }
}

async function close(connection: ChannelModel): Promise<void> {
  // A connection that is gone already is closed enough.
  await Promise.race([connection.close().catch(() => {}), sleep(1000, undefined, { ref: false })])
}
