import {
  ConnectFailed,
  copiedProperties,
  type OwnConnection,
  openConfirmChannel,
  openConnection,
  operationFault,
  publishedHeaders,
} from '@internal/amqp'
import { late, within } from '@internal/async'
import { HEADER } from '@internal/contract'
import type { ConfirmChannel, ConsumeMessage, Options } from 'amqplib'
import type { Broker } from '../broker/broker.ts'

/** A copy of an item, and the way to the broker. */
export interface Copy {
  /** The queue that takes the copy. */
  readonly target: string
  /** podqueue's own headers on the copy, besides those of the item's publisher. */
  readonly own: Readonly<Record<string, unknown>>
  readonly broker: Broker
  readonly ackTimeoutMs: number
}

/** The end of a copy. */
export interface CopyEnd {
  /** Why the broker does not have it; undefined when it has. */
  readonly fault: string | undefined
  /** Headers that could not be published again. */
  readonly leftOut: readonly string[]
}

/**
 * Publishes a copy of an item to a queue and waits until the broker has confirmed it. The item itself stays untouched. Never
 * rejects.
 *
 * It opens a connection for that: during an alarm, the broker reads nothing more from a connection that publishes, acks
 * included (https://www.rabbitmq.com/docs/alarms).
 */
export async function publishCopy(
  message: ConsumeMessage,
  { target, own, broker, ackTimeoutMs }: Copy,
): Promise<CopyEnd> {
  const { address } = broker
  const leftOut: string[] = []
  const ended = (fault: string | undefined): CopyEnd => ({ fault, leftOut })
  if (address === undefined) {
    return ended('It needs a connection of its own, and no url was given beside connection.')
  }
  let connection: OwnConnection | undefined
  try {
    connection = await openConnection(address, {
      tls: broker.tls,
      connectTimeoutMs: Math.min(broker.connectTimeoutMs, ackTimeoutMs),
      reconnectForMs: 0,
      connectionName: 'podqueue worker, for a copy of an item',
    })
    const { model } = connection
    const published = (async () => {
      const channel = await openConfirmChannel(model)
      return await publish(channel, target, message.content, propertiesOfCopy(message, own), leftOut)
    })()
    const fault = await within(published, ackTimeoutMs)
    return ended(fault === late ? `The broker did not confirm it within ${ackTimeoutMs} ms.` : fault)
  } catch (error) {
    if (error instanceof ConnectFailed) return ended(error.fault.message)
    return ended(operationFault(error, { queue: target, address: address.shown }).message)
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
  leftOut: string[],
): Promise<string | undefined> {
  let returned = false
  channel.on('return', () => {
    returned = true
  })
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  // When publish() throws, nobody awaits it.
  promise.catch(() => {})
  let closing: unknown
  channel.on('error', (error) => {
    closing = error
  })
  channel.on('close', () => reject(closing ?? new Error('It was closed.')))
  const onConfirm = (error: unknown): void => {
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
  }
  publishWhatFits(properties, leftOut, (fitting) => {
    channel.publish('', target, body, fitting, onConfirm)
  })
  return await promise
}

/**
 * Publishes without the largest of the foreign headers, one by one, as long as amqplib cannot encode all of them: it has room for
 * 64 KiB of headers, and the copy has more of them than the item. amqplib throws before it sends anything.
 */
function publishWhatFits(
  properties: Options.Publish,
  leftOut: string[],
  publishOnce: (properties: Options.Publish) => void,
): void {
  const headers: Record<string, unknown> = { ...properties.headers }
  for (;;) {
    try {
      publishOnce({ ...properties, headers })
      return
    } catch (error) {
      const [largest] = Object.keys(headers)
        .filter((name) => !OWN.has(name))
        .toSorted((one, other) => sizeOf(headers[other]) - sizeOf(headers[one]))
      if (largest === undefined) throw error
      leftOut.push(largest)
      delete headers[largest]
    }
  }
}

const OWN: ReadonlySet<string> = new Set(Object.values(HEADER))

/** About as many bytes as AMQP needs for it. */
function sizeOf(value: unknown): number {
  return Buffer.isBuffer(value) ? value.length : Buffer.byteLength(JSON.stringify(value) ?? '')
}

/** Marks the numbers that amqplib would encode as integers although they are not: large negative ones, and large ones with a fraction. */
function encodable(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? value : { '!': 'double', value }
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (Array.isArray(value)) return value.map(encodable)
  if (Object.hasOwn(value, '!')) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encodable(field)]))
}

/** The properties of a copy: those of its item that a copy may have, and podqueue's own headers. */
export function propertiesOfCopy({ properties }: ConsumeMessage, own: Copy['own']): Options.Publish {
  return copiedProperties(properties, {
    ...(encodable(publishedHeaders(properties.headers)) as Record<string, unknown>),
    ...own,
  })
}
