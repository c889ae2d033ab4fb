import { type AmqpConnection, openChannel, operationFault } from '@internal/amqp'

/**
 * Asks the broker whether a result log was deleted. A returned result alone does not say so: a broker that has just started takes
 * messages before it has found its streams, and returns those for a stream that it will know a moment later.
 *
 * @throws when the broker gives no answer
 */
export async function logIsGone(connection: AmqpConnection, log: string, address: string): Promise<boolean> {
  const channel = await openChannel(connection)
  // The answer to the request says it too.
  channel.on('error', () => {})
  try {
    await channel.checkQueue(log)
  } catch (error) {
    const { code } = operationFault(error, { queue: log, address })
    if (code === 'QUEUE_NOT_FOUND') return true
    if (code === 'QUEUE_UNAVAILABLE') return false
    throw error
  }
  await channel.close()
  return false
}
