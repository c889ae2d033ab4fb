import { type AmqpConnection, ConnectFailed, openChannel, openConnection } from '@internal/amqp'
import { within } from '@internal/async'
import type { Channel } from 'amqplib'
import { toWorkerError } from '../errors.ts'
import { type Logger, SILENT } from '../logger.ts'
import type { Broker } from './broker.ts'

/** A connection in use: our own, or the app's, of which only our channels are closed. */
export interface Link {
  createChannel(): Promise<Channel>
  /** The error that ended the connection; undefined while it is open, and for the app's own. */
  readonly lostBy: unknown
  /** Resolves when all is closed, at the latest after `timeoutMs`. Never rejects. */
  close(timeoutMs: number): Promise<void>
}

interface LinkOptions {
  readonly logger: Logger
  readonly signal: AbortSignal | undefined
  /** The time to go on trying while the host's name does not resolve, milliseconds. */
  readonly notFoundRetryMs: number
}

/**
 * Opens the link to the broker.
 *
 * @throws {WorkerError} as connecting does; the signal's reason when it aborts
 */
export async function openLink(
  { borrowed, address, tls, connectTimeoutMs, reconnectForMs }: Broker,
  { logger, signal, notFoundRetryMs }: LinkOptions,
): Promise<Link> {
  if (borrowed !== undefined) return borrowedLink(borrowed)
  if (address === undefined) throw new Error('there is neither an address nor a connection')
  let isWarned = false
  try {
    const { model, close } = await openConnection(address, {
      tls,
      connectTimeoutMs,
      reconnectForMs,
      notFoundRetryMs,
      signal,
      // A pod's name is in its environment, so most workers need not load node:os.
      connectionName: `podqueue worker on ${process.env.HOSTNAME || process.getBuiltinModule('node:os').hostname()}`,
      onRetry: (fault) => {
        const message = `${fault.message} Trying again.`
        logger.warn({ code: fault.code, address: address.shown }, message)
        // Without a logger a program at its first use would stand still for minutes and say nothing.
        if (logger === SILENT && !isWarned) process.emitWarning(message, 'PodqueueWarning')
        isWarned = true
      },
    })
    let lostBy: unknown
    model.on('error', (error) => {
      lostBy ??= error
    })
    return {
      createChannel: () => guarded(model.createChannel()),
      get lostBy() {
        return lostBy
      },
      close,
    }
  } catch (error) {
    if (error instanceof ConnectFailed) throw toWorkerError(error.fault)
    throw error
  }
}

function borrowedLink(connection: AmqpConnection): Link {
  const channels = new Set<Channel>()
  return {
    lostBy: undefined,
    createChannel: async () => {
      const channel = await guarded(openChannel(connection))
      channels.add(channel)
      channel.once('close', () => channels.delete(channel))
      return channel
    },
    close: async (timeoutMs) => {
      const closing = [...channels].map(async (channel) => channel.close())
      await within(Promise.allSettled(closing), timeoutMs)
    },
  }
}

/**
 * A channel that can fail alone. Without an `error` listener its failure would be an uncaught exception. Without a
 * `handler-error` listener a delivery, or the broker's cancel, for a consumer that amqplib has forgotten would end the whole
 * connection (https://github.com/amqp-node/amqplib#readme).
 */
async function guarded(opening: Promise<Channel>): Promise<Channel> {
  const channel = await opening
  channel.on('error', () => {})
  channel.on('handler-error', () => {})
  return channel
}
