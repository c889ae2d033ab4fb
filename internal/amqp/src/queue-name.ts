import type { Problems } from '@internal/errors'

/** Adds what is wrong with the name of a call's queue. That of its dead-letter queue has to fit as well. */
export function checkQueueName(problems: Problems, name: unknown): void {
  const problem = problemOf(name)
  if (problem !== undefined) problems.add('queue', problem)
}

function problemOf(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be the name of a queue, not empty'
  // AMQP's short strings hold 255 bytes; five are kept for `.dead`.
  const bytes = Buffer.byteLength(name)
  if (bytes > 250)
    return `must be at most 250 bytes, so that ${deadLetterQueueOf('<queue>')} fits in AMQP's 255; it has ${bytes}`
  if (name.startsWith('amq.')) return "must not begin with 'amq.', which is the broker's own prefix"
  return undefined
}

/** The queue that takes what was given up on. */
export function deadLetterQueueOf(queue: string): string {
  return `${queue}.dead`
}
