import { describeThrown } from '@internal/errors'
import { shownBroker } from '../broker/broker.ts'
import { WorkerError } from '../errors.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'

/** amqplib's words for a field that it does not know, as py-amqp writes integer headers. */
const UNKNOWN_FIELD = /^Unexpected type tag/

/** Whether a connection ended because amqplib could not decode what the broker sent: a field of a message, or its length. */
export function isUndecodable(lostBy: unknown): boolean {
  if (!(lostBy instanceof Error)) return false
  const { code } = lostBy as NodeJS.ErrnoException
  return UNKNOWN_FIELD.test(lostBy.message) || code === 'ERR_OUT_OF_RANGE' || code === 'ERR_BUFFER_OUT_OF_BOUNDS'
}

/** The decoder fails before it knows which message it is, so this can name only the queue. */
export function undecodableError({ queue, broker }: ResolvedOptions, cause: unknown): WorkerError {
  return new WorkerError({
    code: 'ITEM_UNDECODABLE',
    message: `The next message of queue ${queue} cannot be decoded by amqplib: ${describeThrown(cause)}`,
    hint: 'Look at its headers and properties, for example with rabbitmqadmin get queue=<queue>, and let its publisher write them in types that RabbitMQ documents. It stays first in the queue until it is removed.',
    retryable: false,
    details: { queue, address: shownBroker(broker) },
    cause,
  })
}
