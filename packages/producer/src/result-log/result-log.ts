import type { AmqpConnection } from '@internal/amqp'
import { late, within } from '@internal/async'
import type { Options } from 'amqplib'
import { confirmChannelFor, type Operation, onChannel, operationError } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { serverVersion } from '../queue/server-version.ts'

/** A record to be appended to a result log. */
export interface NewRecord {
  readonly content: Buffer
  readonly properties: Options.Publish
}

/**
 * Declares the log of a batch: a stream, which can be read again from any offset, so that a collector that dies loses nothing.
 *
 * @throws {ProducerError} `UNSUPPORTED_BY_BROKER` before RabbitMQ 3.9, or without its feature flag
 */
export async function declareResultLog(
  connection: AmqpConnection,
  address: string,
  log: string,
  maxAgeMs: number | undefined,
): Promise<void> {
  const age = maxAgeMs === undefined ? {} : { 'x-max-age': `${Math.ceil(maxAgeMs / 1_000)}s` }
  const { text: version } = serverVersion(connection)
  let closedBy: unknown
  const onClosed = (error?: unknown): void => {
    closedBy ??= error
  }
  connection.on('error', onClosed)
  try {
    await onChannel(connection, { address, queue: log, needs: 'configure' }, (channel) =>
      channel.assertQueue(log, { durable: true, arguments: { 'x-queue-type': 'stream', ...age } }),
    )
  } catch (error) {
    if (!isFlagDisabled(closedBy) && !isTypeUnknown(error)) throw error
    throw new ProducerError({
      code: 'UNSUPPORTED_BY_BROKER',
      message: `RabbitMQ ${version} at ${address} cannot keep results: it has no streams.`,
      hint: 'Streams need RabbitMQ 3.9 and the feature flag stream_queue: rabbitmqctl enable_feature_flag stream_queue.',
      details: { queue: log, address, version },
      cause: isFlagDisabled(closedBy) ? closedBy : error,
    })
  } finally {
    connection.off('error', onClosed)
  }
}

/** A broker that may have streams, and whose feature flag for them is off, closes the whole connection with 541. */
function isFlagDisabled(closedBy: unknown): boolean {
  return closedBy instanceof Error && /INTERNAL_ERROR.*feature flag is disabled/.test(closedBy.message)
}

/** An older broker does not know this type of queue. A log that is there with another age has an argument that differs. */
function isTypeUnknown(error: unknown): boolean {
  return error instanceof ProducerError && error.code === 'QUEUE_MISMATCH' && error.details.argument === undefined
}

/**
 * Appends records to a log and waits until the broker has confirmed them.
 *
 * @throws {ProducerError} `BATCH_NOT_FOUND` when the log is gone
 */
export async function appendRecords(
  connection: AmqpConnection,
  about: Operation,
  records: readonly NewRecord[],
): Promise<void> {
  const channel = await confirmChannelFor(connection, about)
  let cause: unknown
  let isReturned = false
  channel.on('error', (error) => {
    cause = error
  })
  channel.on('return', () => {
    isReturned = true
  })
  try {
    for (const { content, properties } of records) {
      channel.publish('', about.queue, content, { ...properties, persistent: true, mandatory: true })
    }
    const confirmed = await within(channel.waitForConfirms(), CONFIRM_TIMEOUT_MS)
    if (confirmed === late) throw unconfirmed(about)
    channel.close().catch(() => {})
  } catch (error) {
    throw operationError(cause ?? error, about)
  }
  if (isReturned) throw await returnedError(connection, about)
}

/** A broker that has just started takes messages before it has found its streams, and returns those for a stream. */
async function returnedError(connection: AmqpConnection, about: Operation): Promise<unknown> {
  try {
    await onChannel(connection, about, (channel) => channel.checkQueue(about.queue))
  } catch (error) {
    return error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND' ? batchNotFound(about) : error
  }
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `The broker at ${about.address} returned a record of result log ${about.queue}, which is there.`,
    hint: 'This heals when the broker has started: try again.',
    retryable: true,
    details: { queue: about.queue, address: about.address },
  })
}

export function batchNotFound({ queue, address }: Operation, cause?: unknown): ProducerError<'BATCH_NOT_FOUND'> {
  return new ProducerError({
    code: 'BATCH_NOT_FOUND',
    message: `There is no result log ${queue} at ${address}: the batch has no results, or they are deleted.`,
    hint: 'enqueue with results: true makes one. collectResults deletes it when all is collected, unless keep is true.',
    details: { queue, address },
    cause,
  })
}

function unconfirmed({ queue, address }: Operation): ProducerError<'QUEUE_UNAVAILABLE'> {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `The broker at ${address} did not confirm a record of result log ${queue} within ${CONFIRM_TIMEOUT_MS} ms.`,
    hint: 'Is it short of memory or disk? See rabbitmqctl status.',
    retryable: true,
    details: { queue, address, timeoutMs: CONFIRM_TIMEOUT_MS },
  })
}

const CONFIRM_TIMEOUT_MS = 30_000
