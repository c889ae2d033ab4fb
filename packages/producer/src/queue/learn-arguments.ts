import type { AmqpConnection } from '@internal/amqp'
import { type Operation, onChannel } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'

/** The arguments of a queue, as AMQP has them. */
export type QueueArguments = Readonly<Record<string, unknown>>

/** The arguments of a queue, or the first of them that is not understood here. */
export type Learnt = { readonly arguments: QueueArguments } | { readonly unknown: string; readonly server: string }

/**
 * Learns the arguments with which an existing queue was declared. AMQP does not tell them, but a broker names the first that
 * differs when the queue is declared again. So it is declared again, with what the broker named, until nothing differs. That
 * never changes the queue. A policy is not seen.
 *
 * @param guess the arguments that it probably has
 * @throws {ProducerError} `NOT_PERMITTED` without configure on the queue
 */
export async function learnArguments(
  connection: AmqpConnection,
  about: Operation,
  guess: QueueArguments,
): Promise<Learnt> {
  const named = new Set<string>()
  let declared = guess
  for (;;) {
    const difference = await firstDifference(connection, about, declared)
    if (difference === undefined) return { arguments: declared }
    const { argument, server } = difference
    const isFirst = !named.has(argument)
    named.add(argument)
    if (argument === 'x-queue-type') {
      // On RabbitMQ 3.10 a queue without a type is a classic one.
      if (!isFirst) return { unknown: argument, server }
      declared = ofType(server === 'none' ? 'classic' : server, declared)
    } else if (!argument.startsWith('x-')) {
      return { unknown: argument, server }
    } else if (server === 'none' && isFirst) {
      declared = without(argument, declared)
    } else if (isFirst) {
      declared = { ...declared, [argument]: typedValue(server) }
    } else if (typeof declared[argument] === 'number' || typeof declared[argument] === 'boolean') {
      // It looks like one, and is a string.
      declared = { ...declared, [argument]: server }
    } else {
      return { unknown: argument, server }
    }
  }
}

/** Arguments that a classic queue is not declared with. */
const QUORUM_ONLY = ['x-delivery-limit', 'x-dead-letter-strategy']

function ofType(type: string, declared: QueueArguments): QueueArguments {
  const kept = type === 'classic' ? QUORUM_ONLY.reduce((rest, name) => without(name, rest), declared) : declared
  return { ...kept, 'x-queue-type': type }
}

function without(argument: string, declared: QueueArguments): QueueArguments {
  const { [argument]: _, ...others } = declared
  return others
}

async function firstDifference(
  connection: AmqpConnection,
  about: Operation,
  declared: QueueArguments,
): Promise<{ readonly argument: string; readonly server: string } | undefined> {
  try {
    await onChannel(connection, { ...about, needs: 'configure' }, (channel) =>
      channel.assertQueue(about.queue, { durable: true, arguments: declared }),
    )
    return undefined
  } catch (error) {
    if (!(error instanceof ProducerError) || error.code !== 'QUEUE_MISMATCH') throw error
    const { argument, server } = error.details
    if (argument === undefined || server === undefined) throw error
    return { argument, server }
  }
}

/** The broker writes a value as text. */
function typedValue(text: string): string | number | boolean {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return text === 'true' || text === 'false' ? text === 'true' : text
}
