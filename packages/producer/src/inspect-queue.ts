import { deadLetterQueueOf, queueNameProblem } from '@internal/amqp'
import type { Problems } from '@internal/errors'
import type { AmqpConnection, ConnectionOptions } from './connection-options.ts'
import { ProducerError } from './errors.ts'
import { onChannel } from './on-channel.ts'
import { withLink } from './with-link.ts'

/** How a queue is looked at. */
export interface InspectOptions {
  /** How long the queue's leader may take to prove that the queue is empty, milliseconds. Default: 5000. */
  readonly verifyTimeoutMs?: number
}

export interface InspectQueueOptions extends InspectOptions, ConnectionOptions {
  /** Ends the call with `ABORTED`. */
  readonly signal?: AbortSignal
}

/** What a queue holds at one moment. */
export interface QueueReading {
  /** Items that wait for a worker. Those that a worker holds are not among them. */
  readonly ready: number
  /** Workers that consume from it, busy ones included. */
  readonly consumers: number
  /** Whether `ready` is the leader's own word. False when it could not be proven, for want of read permission. */
  readonly verified: boolean
  /** Items in `<queue>.dead`. Left out when there is no such queue. */
  readonly dead?: number
}

/**
 * Counts what is ready in a queue, and who consumes from it.
 *
 * A quorum queue whose leader does not answer in about 250 ms reads as 0 ready and 0 consumers on every version of
 * RabbitMQ. So that reading alone is not believed: one `basic.get` then decides, since it waits for the leader. An item
 * that it brings is put back at once, and counted.
 *
 * @throws {ProducerError} `QUEUE_NOT_FOUND`; `QUEUE_UNAVAILABLE` when the leader does not answer within
 * `verifyTimeoutMs`; what a connection can throw.
 */
export async function inspectQueue(queue: string, options: InspectQueueOptions = {}): Promise<QueueReading> {
  return await withLink(
    'inspectQueue',
    options,
    (problems) => checkInspection(problems, queue, options),
    async (link) => inspectOn(await link.open(options.signal), link.shown, queue, options),
  )
}

/** Adds to `problems` what is wrong with a call of `inspectQueue`. */
export function checkInspection(problems: Problems, queue: unknown, options: InspectOptions): void {
  const name = queueNameProblem(queue)
  if (name !== undefined) problems.add('queue', name)
  problems.durationMs('verifyTimeoutMs', options.verifyTimeoutMs, { min: 1 })
}

/** Looks at a queue on an open connection. */
export async function inspectOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  { verifyTimeoutMs = 5_000 }: InspectOptions,
): Promise<QueueReading> {
  const look = (name: string): Promise<{ messageCount: number; consumerCount: number }> =>
    onChannel(connection, { address, queue: name, timeoutMs: verifyTimeoutMs }, (channel) => channel.checkQueue(name))
  const reading = await look(queue)
  const dead = await look(deadLetterQueueOf(queue)).then(
    ({ messageCount }) => messageCount,
    (error: unknown) => {
      if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return undefined
      throw error
    },
  )
  const counted = {
    ready: reading.messageCount,
    consumers: reading.consumerCount,
    ...(dead === undefined ? {} : { dead }),
  }
  if (counted.ready > 0 || counted.consumers > 0) return { ...counted, verified: true }
  const proof = await proveEmpty(connection, address, queue, verifyTimeoutMs)
  return { ...counted, ready: proof.ready, verified: proof.verified }
}

async function proveEmpty(
  connection: AmqpConnection,
  address: string,
  queue: string,
  timeoutMs: number,
): Promise<{ readonly ready: number; readonly verified: boolean }> {
  try {
    return await onChannel(connection, { address, queue, needs: 'read', timeoutMs }, async (channel) => {
      const got = await channel.get(queue)
      if (got === false) return { ready: 0, verified: true }
      channel.nack(got, false, true)
      return { ready: got.fields.messageCount + 1, verified: true }
    })
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'NOT_PERMITTED') return { ready: 0, verified: false }
    throw error
  }
}
