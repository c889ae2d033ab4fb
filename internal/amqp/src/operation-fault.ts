import { internalFault } from './connect-fault.ts'
import { brokerWords, ended, errorWords, shortCause } from './error-words.ts'
import type { AmqpFault } from './fault.ts'
import { isNetworkError } from './network-error.ts'

/** The operation that failed. */
export interface FailedOperation {
  readonly queue: string
  readonly address: string
  /** The permission that the operation needs, for brokers that do not name it. */
  readonly needs?: string | undefined
}

/** The reason why the broker closed a channel or connection, or why an operation on it failed. */
export function operationFault(caught: unknown, { queue, address, needs }: FailedOperation): AmqpFault {
  const { code, text } = errorWords(caught)
  const error = shortCause(caught)
  const details = { queue, address }
  const said = brokerWords(text)
  switch (Number(code)) {
    case 404:
      return /down|inaccessible|unavailable|timeout/i.test(said)
        ? unavailable(said, details, error)
        : {
            code: 'QUEUE_NOT_FOUND',
            message: `There is no queue ${queue} at ${address}.`,
            hint: 'Check its name and the vhost, or declare it first: declareQueue of @podqueue/producer does.',
            details,
            cause: error,
          }
    case 403: {
      // Before 3.12 the broker names the resource that was refused and not the permission, which only the caller knows.
      const permission = /(configure|write|read) access/i.exec(said)?.[1]?.toLowerCase() ?? needs
      return {
        code: 'NOT_PERMITTED',
        message: `The broker at ${address} does not permit it: ${ended(said)}`,
        hint: `Grant ${permission ?? 'the missing permission'}: rabbitmqctl set_permissions -p <vhost> <user> <configure> <write> <read>.`,
        details: { ...details, ...(permission === undefined ? {} : { permission }) },
        cause: error,
      }
    }
    case 405:
      return {
        code: 'QUEUE_LOCKED',
        message: `Another connection holds queue ${queue} at ${address} for itself: ${ended(said)}`,
        hint: 'It was declared exclusive. A work queue is shared: declare it durable and not exclusive.',
        details,
        cause: error,
      }
    case 406:
      // A broker that starts again takes connections before its streams. The words are those of 3.10 to 4.3, in rabbit_stream_queue.erl of
      // https://github.com/rabbitmq/rabbitmq-server.
      return /does not have a (running )?replica on the local node|failed consuming from stream/.test(said)
        ? unavailable(said, details, error)
        : mismatch(queue, address, said, error)
    case 541:
    case 506:
      return unavailable(said, details, error)
    default:
      if (!isNetworkError(caught)) return internalFault(caught, details)
      return {
        code: 'CONNECTION_LOST',
        message: `The connection to the broker at ${address} was lost: ${ended(text)}`,
        hint: 'Operations without an answer may have happened or not.',
        retryable: true,
        details,
        cause: error,
      }
  }
}

/**
 * A queue that exists with another argument. The broker names the first difference only
 * (https://www.rabbitmq.com/docs/queues#property-equivalence).
 */
function mismatch(queue: string, address: string, said: string, cause: unknown): AmqpFault {
  const [, argument, yours, servers] =
    /inequivalent arg '([^']+)'.*: received (.*) but current is (.*)$/s.exec(said) ?? []
  if (argument === undefined || yours === undefined || servers === undefined) {
    return {
      code: 'QUEUE_MISMATCH',
      message: `The broker at ${address} refused queue ${queue}: ${ended(said)}`,
      hint: 'Declare it with arguments that this broker takes.',
      details: { queue, address },
      cause,
    }
  }
  const [mine, theirs] = [argumentValue(yours), argumentValue(servers)]
  return {
    code: 'QUEUE_MISMATCH',
    message: `Queue ${queue} at ${address} exists with another ${argument}: yours is ${mine}, the server's is ${theirs}. There may be more differences: the broker names the first.`,
    hint: 'Declare it the same way, use it as it is (enqueue does), or delete it first.',
    details: { queue, address, argument, yours: mine, server: theirs },
    cause,
  }
}

/** `the value '5' of type 'signedint'` and `'5'` are 5. */
function argumentValue(text: string): string {
  return /^(?:the value )?'(.*?)'(?: of type .*)?$/s.exec(text)?.[1] ?? text
}

function unavailable(said: string, details: { queue: string; address: string }, cause: unknown): AmqpFault {
  return {
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${details.queue} cannot be reached now: ${ended(said)}`,
    hint: "The queue's node is down or its leader does not answer; this heals when the broker does.",
    retryable: true,
    details,
    cause,
  }
}
