import type { AmqpConnection } from '@internal/amqp'
import { type Operation, onChannel } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { deadLetterArguments } from '../queue/queue-arguments.ts'
import { serverVersion } from '../queue/server-version.ts'

/** An argument of a queue, as AMQP has it. */
type Arguments = Readonly<Record<string, unknown>>

/**
 * Checks that messages of a queue may be taken and put back as often as one likes: a delivery limit would drop them in the
 * end, and a queue that drops its oldest may have no room for them any more.
 *
 * AMQP does not tell a queue's arguments, but a broker names the first that differs when the queue is declared again. So
 * it is, with what the broker named, until nothing differs; an existing queue is never changed by that.
 *
 * @throws {ProducerError} `DEAD_LETTERS_LIMITED`
 */
export async function checkReturnable(connection: AmqpConnection, about: Operation): Promise<void> {
  const { queue } = about
  let declared: Arguments = deadLetterArguments(serverVersion(connection))
  for (;;) {
    const difference = await firstDifference(connection, about, declared)
    if (difference === undefined) break
    const { argument, server } = difference
    if (argument === 'x-queue-type' && server !== 'quorum' && server !== 'stream') {
      // A classic queue counts no deliveries.
      const { 'x-delivery-limit': _, ...others } = declared
      declared = { ...others, 'x-queue-type': 'classic' }
    } else if (argument === 'x-delivery-limit') {
      throw limited(about, server === 'none' ? "the server's default delivery limit" : `a delivery limit of ${server}`)
    } else if (typeof declared[argument] === 'number' || typeof declared[argument] === 'boolean') {
      // It looks like one, and is a string.
      declared = { ...declared, [argument]: server }
    } else if (argument in declared || !argument.startsWith('x-')) {
      throw limited(about, `an argument ${argument} (${server}) that is not understood here`)
    } else {
      declared = { ...declared, [argument]: typedValue(server) }
    }
  }
  const isBounded = 'x-max-length' in declared || 'x-max-length-bytes' in declared
  if (isBounded && declared['x-overflow'] !== 'reject-publish')
    throw limited(about, `a length at which ${queue} drops messages`)
}

async function firstDifference(
  connection: AmqpConnection,
  about: Operation,
  declared: Arguments,
): Promise<{ readonly argument: string; readonly server: string } | undefined> {
  try {
    await onChannel(connection, { ...about, needs: 'configure' }, (channel) =>
      channel.assertQueue(about.queue, { durable: true, arguments: declared }),
    )
    return undefined
  } catch (error) {
    if (!(error instanceof ProducerError) || error.code !== 'QUEUE_MISMATCH') throw error
    const { argument, server } = error.details as { readonly argument?: string; readonly server?: string }
    if (argument === undefined || server === undefined) throw error
    return { argument, server }
  }
}

/** The broker writes a value as text. */
function typedValue(text: string): string | number | boolean {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return text === 'true' || text === 'false' ? text === 'true' : text
}

function limited({ queue, address }: Operation, has: string): ProducerError {
  return new ProducerError({
    code: 'DEAD_LETTERS_LIMITED',
    message: `Queue ${queue} at ${address} has ${has}. Messages that are looked at and put back would be lost in the end.`,
    hint: 'requeueDeadLetters without ids takes them without putting any back. declareQueue makes dead-letter queues without a limit.',
    details: { queue, address },
  })
}
