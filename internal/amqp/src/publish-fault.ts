import { brokerWords, ended, errorWords, shortCause } from './error-words.ts'
import type { AmqpFault } from './fault.ts'
import { operationFault } from './operation-fault.ts'

/**
 * Reply codes of a close for something that was sent: a frame, a header or a property that the broker cannot take. 406 closes
 * the channel, the others the whole connection (https://www.rabbitmq.com/amqp-0-9-1-reference#constants). 541 is also the
 * answer to a header that the broker cannot decode.
 */
const ABOUT_MESSAGE: readonly number[] = [406, 501, 502, 503, 505, 540, 541]

/** Whether the broker closed a channel or connection, on which only messages are published, because of a message. */
export function isAboutMessage(error: unknown): boolean {
  return ABOUT_MESSAGE.includes(Number(errorWords(error).code))
}

/** The reason why a channel, on which only messages are published, was closed. */
export function publishFault(error: unknown, { queue, address }: { queue: string; address: string }): AmqpFault {
  const { code, text } = errorWords(error)
  if (!isAboutMessage(error)) return operationFault(error, { queue, address, needs: "write on exchange 'amq.default'" })
  const closed = Number(code) === 406 ? 'channel' : 'connection'
  return {
    code: 'CONNECTION_LOST',
    message: `The broker at ${address} closed the ${closed} because of a message: ${ended(brokerWords(text))}`,
    hint: 'One of the messages without an answer has a header or a property that the broker does not take.',
    details: { queue, address },
    cause: shortCause(error),
  }
}
