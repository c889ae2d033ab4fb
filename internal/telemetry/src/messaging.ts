import type { Attributes, MetricOptions } from '@opentelemetry/api'

/** The attributes of a queue, for spans and metrics (https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/). */
export function queueAttributes(queue: string, address: string, operation?: Operation): Attributes {
  return {
    'messaging.system': 'rabbitmq',
    'messaging.destination.name': queue,
    ...(operation === undefined
      ? {}
      : { 'messaging.operation.name': operation.name, 'messaging.operation.type': operation.type }),
    ...serverAttributes(address),
  }
}

/** An operation on a message: our own word for it, and the word of the conventions. */
export interface Operation {
  readonly name: string
  readonly type: 'send' | 'receive' | 'process' | 'settle'
}

/** The attributes of one message, for spans alone: each value is another. */
export function messageAttributes(queue: string, messageId: string | undefined, bytes?: number): Attributes {
  return {
    'messaging.rabbitmq.destination.routing_key': queue,
    ...(messageId === undefined ? {} : { 'messaging.message.id': messageId }),
    ...(bytes === undefined ? {} : { 'messaging.message.body.size': bytes }),
  }
}

const servers = new Map<string, Attributes>()

function serverAttributes(address: string): Attributes {
  const known = servers.get(address)
  if (known !== undefined) return known
  const attributes = toServer(address)
  // An app has a few brokers. More are no reason to grow.
  if (servers.size < 100) servers.set(address, attributes)
  return attributes
}

/** A connection of the app's own has no address that we know. */
function toServer(address: string): Attributes {
  const url = URL.parse(address)
  if (url === null || url.hostname === '') return {}
  const port = url.port === '' ? (url.protocol === 'amqps:' ? 5671 : 5672) : Number(url.port)
  return { 'server.address': url.hostname, 'server.port': port }
}

/** The options of a histogram of seconds, with the boundaries of the conventions for short operations, and longer ones for work of minutes. */
export const SECONDS: MetricOptions = {
  unit: 's',
  advice: {
    explicitBucketBoundaries: [
      0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400,
    ],
  },
}
