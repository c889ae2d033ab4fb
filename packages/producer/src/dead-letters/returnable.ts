import type { AmqpConnection } from '@internal/amqp'
import type { Operation } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { learnArguments, type QueueArguments } from '../queue/learn-arguments.ts'
import { deadLetterArguments } from '../queue/queue-arguments.ts'
import { type ServerVersion, serverVersion } from '../queue/server-version.ts'

/**
 * Checks that messages of a queue may be taken and put back any number of times: a delivery limit would drop them in the
 * end, and a queue that drops its oldest may have no room for them any more.
 *
 * @throws {ProducerError} `DEAD_LETTERS_LIMITED`
 */
export async function checkReturnable(connection: AmqpConnection, about: Operation): Promise<void> {
  const version = serverVersion(connection)
  const learnt = await learnArguments(connection, about, deadLetterArguments(version))
  if ('unknown' in learnt) {
    throw limited(about, `an argument ${learnt.unknown} (${learnt.server}) that is not understood here`)
  }
  const problem = limitIn(learnt.arguments, version)
  if (problem !== undefined) throw limited(about, problem)
}

/** The argument that lets a queue drop messages that come back; undefined when there is none. */
function limitIn(declared: QueueArguments, version: ServerVersion): string | undefined {
  const { 'x-queue-type': type, 'x-delivery-limit': limit } = declared
  if (type === 'quorum' && limit === undefined && version.atLeast(4, 0)) return "the server's default delivery limit"
  // RabbitMQ below 4.0 takes -1 for a limit of nothing at all.
  if (limit !== undefined && !(limit === -1 && version.atLeast(4, 0))) return `a delivery limit of ${limit}`
  const isBounded = 'x-max-length' in declared || 'x-max-length-bytes' in declared
  return isBounded && declared['x-overflow'] !== 'reject-publish' ? 'a length at which it drops messages' : undefined
}

function limited({ queue, address }: Operation, has: string): ProducerError {
  return new ProducerError({
    code: 'DEAD_LETTERS_LIMITED',
    message: `Queue ${queue} at ${address} has ${has}. Messages that are looked at and put back would be lost in the end.`,
    hint: 'requeueDeadLetters without ids takes them without putting any back. declareQueue makes dead-letter queues without a limit.',
    details: { queue, address },
  })
}
