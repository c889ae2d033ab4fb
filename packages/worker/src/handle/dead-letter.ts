import { ConnectFailed, type OwnConnection, openConnection, operationFault } from '@internal/amqp'
import { late, within } from '@internal/async'
import { BROKER_HEADERS, deadLetterQueueOf, HEADER } from '@internal/contract'
import type { ConfirmChannel, ConsumeMessage, Options } from 'amqplib'
import type { Broker } from '../broker/broker.ts'

/** Headers that a copy must not have: those that the broker writes, and `CC` and `BCC`, which would put it back into the source. */
const NOT_COPIED: ReadonlySet<string> = new Set([...BROKER_HEADERS, HEADER.sequence, 'CC', 'BCC'])
const OF_EARLIER_DEATHS = /^x-(first|last)-death-/

/** The longest reason that is kept, characters: all headers of a message share one frame. */
const REASON_LENGTH = 1_000

/**
 * Publishes a copy of an item to the dead-letter queue of its queue and waits until the broker has confirmed it. Resolves to
 * undefined then, else to the reason. The item itself stays untouched.
 *
 * It opens a connection for that: during an alarm, the broker reads nothing more from a connection that publishes, acks
 * included (https://www.rabbitmq.com/docs/alarms).
 */
export async function publishDeadLetter(
  message: ConsumeMessage,
  reason: string,
  { queue, broker, ackTimeoutMs }: { readonly queue: string; readonly broker: Broker; readonly ackTimeoutMs: number },
): Promise<string | undefined> {
  const target = deadLetterQueueOf(queue)
  const { address } = broker
  if (address === undefined) return 'It needs a connection of its own, and no url was given beside connection.'
  let connection: OwnConnection | undefined
  try {
    connection = await openConnection(address, {
      tls: broker.tls,
      connectTimeoutMs: Math.min(broker.connectTimeoutMs, ackTimeoutMs),
      reconnectForMs: 0,
      connectionName: 'podqueue worker, for a dead letter',
    })
    const channel = await connection.model.createConfirmChannel()
    const published = publish(channel, target, message.content, copiedProperties(message, queue, reason))
    const fault = await within(published, ackTimeoutMs)
    return fault === late ? `The broker did not confirm it within ${ackTimeoutMs} ms.` : fault
  } catch (error) {
    if (error instanceof ConnectFailed) return error.fault.message
    return operationFault(error, { queue: target, address: address.shown }).message
  } finally {
    // Not waited for long: a connection that an alarm blocks does not answer.
    await connection?.close(1_000)
  }
}

async function publish(
  channel: ConfirmChannel,
  target: string,
  body: Buffer,
  properties: Options.Publish,
): Promise<string | undefined> {
  let returned = false
  channel.on('return', () => {
    returned = true
  })
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  let closing: unknown
  channel.on('error', (error) => {
    closing = error
  })
  channel.on('close', () => reject(closing ?? new Error('The channel was closed.')))
  channel.publish('', target, body, { ...properties, mandatory: true, persistent: true }, (error: unknown) => {
    // The return of an unroutable message comes before its confirm (https://www.rabbitmq.com/docs/confirms).
    if (returned) resolve(`There is no queue ${target}.`)
    else if (error === null || error === undefined) resolve(undefined)
    // A closed channel is told here first. Its own event says why.
    else
      setImmediate(() =>
        closing === undefined
          ? resolve(`The broker refused it: queue ${target} is full or unavailable.`)
          : reject(closing),
      )
  })
  return await promise
}

/**
 * The properties that a copy may have. A foreign `userId` would close the channel, an `expiration` would drop the copy, and the
 * counts belong to the broker.
 */
export function copiedProperties(message: ConsumeMessage, queue: string, reason: string): Options.Publish {
  const { properties } = message
  const given = Object.entries((properties.headers ?? {}) as Record<string, unknown>)
  const kept = given.filter(([name]) => !NOT_COPIED.has(name) && !OF_EARLIER_DEATHS.test(name))
  const copied: Record<string, unknown> = {}
  for (const name of COPIED) if (properties[name] !== undefined) copied[name] = properties[name]
  return {
    ...copied,
    headers: {
      ...Object.fromEntries(kept),
      [HEADER.deadLetterQueue]: queue,
      [HEADER.deadLetterReason]: reason.slice(0, REASON_LENGTH),
    },
  }
}

const COPIED = [
  'messageId',
  'contentType',
  'contentEncoding',
  'correlationId',
  'replyTo',
  'timestamp',
  'type',
  'appId',
  'priority',
] as const
