import { setTimeout as pause } from 'node:timers/promises'

/**
 * Waits until a broker that is killed brings back the quorum queues and streams that were declared just now. RabbitMQ writes their
 * names down only half a second after a change: `{auto_save, 500}` in ra_directory.erl of https://github.com/rabbitmq/ra. One that is
 * killed before that has lost them, whatever a client does, and tells nobody when they are safe.
 */
export async function queuesKept(): Promise<void> {
  await pause(2_000)
}
