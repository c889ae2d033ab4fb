import { type AmqpConnection, checkQueueName } from '@internal/amqp'
import { pause } from '@internal/async'
import { deadLetterQueueOf } from '@internal/contract'
import type { Names, Problems } from '@internal/options'
import { CONNECTION_OPTIONS, type ConnectionOptions } from '../connection/connection-options.ts'
import { type Operation, onChannel } from '../connection/on-channel.ts'
import { type SignalOption, withLink } from '../connection/with-link.ts'
import { INSPECT } from '../diagnostics.ts'
import { ProducerError } from '../errors.ts'

/** Options for looking at a queue. */
export interface InspectOptions {
  /** How long a queue's leader may take to prove that the queue is empty, milliseconds. Default: 5000. */
  readonly verifyTimeoutMs?: number | undefined
  /**
   * Whether an item may be taken out for a moment to prove that none is there, which counts as a delivery of it. False for a look
   * on the way: a queue that reads as 0 ready and 0 consumers is then not verified. Default: true.
   */
  readonly mayTake?: boolean | undefined
}

/** The options of {@link inspectQueue}: how to look, and those of the connection. */
export interface InspectQueueOptions extends InspectOptions, ConnectionOptions, SignalOption {}

/** The names of these options. */
export const INSPECT_OPTIONS: Names<InspectOptions> = { verifyTimeoutMs: true, mayTake: true }

const INSPECT_QUEUE_OPTIONS: Names<InspectQueueOptions> = { ...INSPECT_OPTIONS, ...CONNECTION_OPTIONS, signal: true }

/** The contents of a queue at one moment. */
export interface QueueReading {
  /** Items that wait for a worker. Items that a worker holds do not count. */
  readonly ready: number
  /** Workers that consume from it, busy ones included. */
  readonly consumers: number
  /**
   * Whether the leaders of the queues confirmed `ready` and `deadLetters`. False when a 0 could not be proven, because the
   * user has no read permission on the queue or on its dead-letter queue, or because a consumer of the dead-letter queue may
   * hold what is in it.
   */
  readonly verified: boolean
  /** Items in `<queue>.dead`. Left out when there is no such queue. */
  readonly deadLetters?: number
}

/**
 * Counts the items that are ready in a queue, its consumers and its dead letters.
 *
 * A quorum queue whose leader does not answer in about 250 ms reads as 0 ready and 0 consumers on every version of RabbitMQ.
 * That reading alone proves nothing: one `basic.get` then decides, because it waits for the leader. An item that it brings is
 * put back at once, and counted. The same holds for the dead-letter queue, whose leader may be on another node.
 *
 * @throws {ProducerError} `QUEUE_NOT_FOUND`; `QUEUE_UNAVAILABLE` when a leader does not answer within
 * `verifyTimeoutMs`; the errors of a connection.
 */
export async function inspectQueue(queue: string, options: InspectQueueOptions = {}): Promise<QueueReading> {
  return await withLink(
    'inspectQueue',
    (problems) => checkInspection(problems, queue, options, INSPECT_QUEUE_OPTIONS),
    async (link, checked) => inspectOn(await link.open(checked.signal), link.shown, queue, checked),
  )
}

/** Checks a call of `inspectQueue` that takes options of these names, and returns them. */
export function checkInspection<Options extends InspectOptions>(
  problems: Problems,
  queue: unknown,
  given: Options,
  names: Names<Options>,
): Options {
  const options = problems.options('options', given, names)
  checkQueueName(problems, queue)
  problems.durationMs('verifyTimeoutMs', options.verifyTimeoutMs, { min: 1 })
  problems.flag('mayTake', options.mayTake)
  return options
}

/** Looks at a queue on an open connection. */
export async function inspectOn(
  connection: AmqpConnection,
  address: string,
  queue: string,
  options: InspectOptions,
): Promise<QueueReading> {
  const reading = await readQueue(connection, address, queue, options)
  if (INSPECT.hasSubscribers) {
    INSPECT.publish({ queue, address, ready: reading.ready, deadLetters: reading.deadLetters })
  }
  return reading
}

async function readQueue(
  connection: AmqpConnection,
  address: string,
  queue: string,
  { verifyTimeoutMs: timeoutMs = 5_000, mayTake = true }: InspectOptions,
): Promise<QueueReading> {
  const { ready, consumers, verified } = await countQueue(connection, { address, queue, timeoutMs }, mayTake)
  const deadLetterQueue = deadLetterQueueOf(queue)
  const dead = await countHeld(connection, { address, queue: deadLetterQueue, timeoutMs }).catch((error: unknown) => {
    if (error instanceof ProducerError && error.code === 'QUEUE_NOT_FOUND') return undefined
    throw error
  })
  if (dead === undefined) return { ready, consumers, verified }
  return { ready, consumers, verified: verified && dead.verified, deadLetters: dead.ready }
}

/**
 * As {@link countQueue}, where the messages that a consumer holds count too: somebody who looks at dead letters holds all of them
 * for a moment. A consumer that stays leaves a reading of nothing unverified.
 */
export async function countHeld(
  connection: AmqpConnection,
  about: Operation & { readonly timeoutMs: number },
): Promise<Count> {
  const startedAt = performance.now()
  for (;;) {
    const counted = await countQueue(connection, about)
    if (counted.ready > 0 || counted.consumers === 0) return counted
    if (performance.now() - startedAt > about.timeoutMs) return { ...counted, verified: false }
    await pause(HELD_POLL_MS)
  }
}

const HELD_POLL_MS = 50

export type Count = Omit<QueueReading, 'deadLetters'>

/** Counts one queue. It is empty only when its leader confirms that. */
export async function countQueue(connection: AmqpConnection, about: Operation, mayTake = true): Promise<Count> {
  const { messageCount: ready, consumerCount: consumers } = await onChannel(connection, about, (channel) =>
    channel.checkQueue(about.queue),
  )
  if (ready > 0 || consumers > 0) return { ready, consumers, verified: true }
  if (!mayTake) return { ready, consumers, verified: false }
  try {
    return await onChannel(connection, { ...about, needs: 'read' }, async (channel) => {
      const got = await channel.get(about.queue)
      if (got === false) return { ready, consumers, verified: true }
      channel.nack(got, false, true)
      return { ready: got.fields.messageCount + 1, consumers, verified: true }
    })
  } catch (error) {
    if (error instanceof ProducerError && error.code === 'NOT_PERMITTED') return { ready, consumers, verified: false }
    throw error
  }
}
