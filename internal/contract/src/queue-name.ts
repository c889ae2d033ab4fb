/** The longest queue name, bytes: AMQP's short strings hold 255, and `.dead` needs five of them. */
export const LONGEST_QUEUE_NAME = 250

/** The queue that takes the dead letters of a queue. */
export function deadLetterQueueOf(queue: string): string {
  return `${queue}.dead`
}

/** The problem with a queue's name, as the end of a sentence; undefined when there is none. */
export function queueNameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'must be a non-empty string: the name of a queue'
  const bytes = new TextEncoder().encode(name).length
  if (bytes > LONGEST_QUEUE_NAME) {
    return `must be at most ${LONGEST_QUEUE_NAME} bytes, so that ${deadLetterQueueOf('<queue>')} fits in AMQP's 255; it has ${bytes}`
  }
  // It would be shown in messages.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return 'must be the name of a queue, not an address'
  if (name.startsWith('amq.')) return "must not begin with 'amq.', the broker's own prefix"
  return undefined
}
