import { type AmqpConnection, copiedProperties, publishedHeaders } from '@internal/amqp'
import type { ConsumeMessage } from 'amqplib'
import { confirmChannelFor, type Operation, operationError } from '../connection/on-channel.ts'
import { ProducerError } from '../errors.ts'
import { DEAD_LETTER_HEADERS } from './dead-letter.ts'

/** Publishes copies of dead letters to one queue. */
export interface Copies {
  /** The number of copies that the broker has confirmed. */
  readonly confirmed: number
  /** Resolves when the broker has confirmed the copy. @throws {ProducerError} when it did not */
  publish(message: ConsumeMessage): Promise<void>
  close(): Promise<void>
}

export async function openCopies(connection: AmqpConnection, about: Operation): Promise<Copies> {
  const channel = await confirmChannelFor(connection, about)
  let confirmed = 0
  let cause: unknown
  let isClosed = false
  // The return of a message comes before its confirm, which is then positive (https://www.rabbitmq.com/docs/confirms).
  let isReturned = false
  channel.on('return', () => {
    isReturned = true
  })
  channel.on('error', (error) => {
    cause = error
  })
  channel.on('close', () => {
    isClosed = true
  })
  const failure = (): ProducerError =>
    isClosed ? operationError(cause ?? new Error('It was closed.'), about) : refused(about)
  return {
    get confirmed() {
      return confirmed
    },
    publish: ({ content, properties }) =>
      new Promise((resolve, reject) => {
        const headers = publishedHeaders(properties.headers, DEAD_LETTER_HEADERS)
        channel.publish('', about.queue, content, copiedProperties(properties, headers), (error: unknown) => {
          if (isReturned) reject(gone(about))
          // A channel that closes says so here first, and why in its events.
          else if (error instanceof Error) setImmediate(() => reject(failure()))
          else {
            confirmed += 1
            resolve()
          }
        })
      }),
    close: async () => {
      if (!isClosed) channel.close().catch(() => {})
    },
  }
}

function gone({ queue, address }: Operation): ProducerError {
  return new ProducerError({
    code: 'QUEUE_NOT_FOUND',
    message: `There is no queue ${queue} at ${address} to take the dead letters back.`,
    hint: 'Declare it first: declareQueue does.',
    details: { queue, address },
  })
}

function refused({ queue, address }: Operation): ProducerError {
  return new ProducerError({
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${queue} at ${address} does not take the dead letters back: it is full, or its leader is gone.`,
    hint: 'Make room in it, and call again.',
    retryable: true,
    details: { queue, address },
  })
}
