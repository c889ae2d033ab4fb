import type { BrokerAddress } from '@internal/contract'
import type { ErrorFields } from '@internal/errors'

/** What can be wrong between an app and its broker, in codes that producer and worker share. */
export type AmqpFaultCode =
  | 'BROKER_URL_MISSING'
  | 'BROKER_URL_INVALID'
  | 'BROKER_UNREACHABLE'
  | 'TLS_MISMATCH'
  | 'TLS_UNTRUSTED'
  | 'CREDENTIALS_REFUSED'
  | 'VHOST_REFUSED'
  | 'NOT_PERMITTED'
  | 'QUEUE_NOT_FOUND'
  | 'QUEUE_MISMATCH'
  | 'QUEUE_LOCKED'
  | 'QUEUE_UNAVAILABLE'
  | 'CONNECTION_LOST'

/** A fault in plain data; producer and worker make their own errors of it. */
export type AmqpFault = ErrorFields<AmqpFaultCode>

/** Node's codes for a certificate that is not believed (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const UNTRUSTED =
  /^(CERT_|ERR_TLS_CERT_|ERR_SSL_TLSV1|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/

/** Why a connection to the broker could not be opened. Handshake errors of amqplib carry no code, only their text. */
export function connectFault(error: unknown, address: BrokerAddress, peerSpeaksTls = false): AmqpFault {
  const { code = '', text } = read(error)
  const at = address.shown
  if (/ACCESS.REFUSED|authentication mechanism|Login was refused/i.test(text)) {
    const user = address.username ?? 'guest'
    return {
      code: 'CREDENTIALS_REFUSED',
      message: `The broker at ${at} refused the password of user ${user}, or does not know that user.`,
      hint:
        user === 'guest'
          ? "RabbitMQ lets guest in from the broker's own host only: give an address with a user of your own."
          : 'Check user and password in the address; special characters in them are written with encodeURIComponent.',
      details: { address: at, user },
      cause: error,
    }
  }
  // amqplib names the frame that answered connection.open and drops what it says.
  if (/ConnectionOpenOk; got <ConnectionClose/.test(text)) {
    const user = address.username ?? 'guest'
    return {
      code: 'VHOST_REFUSED',
      message: `The broker at ${at} refused vhost ${address.vhost}: it does not exist, is down, or user ${user} may not use it.`,
      hint: 'Check the path of the address; see rabbitmqctl list_vhosts, and rabbitmqctl list_permissions -p <vhost>.',
      details: { address: at, vhost: address.vhost, user },
      cause: error,
    }
  }
  if (
    /wrong version number|packet length too long|ERR_SSL_WRONG_VERSION|ERR_SSL_PACKET_LENGTH/i.test(`${code} ${text}`)
  ) {
    return {
      code: 'TLS_MISMATCH',
      message: `What listens at ${at} does not speak TLS.`,
      hint: 'Use amqp:// for a plain port (5672 by custom) and amqps:// for a TLS one (5671).',
      details: { address: at },
      cause: error,
    }
  }
  if (UNTRUSTED.test(code)) {
    return {
      code: 'TLS_UNTRUSTED',
      message: `The certificate of the broker at ${at} is not trusted: ${ended(text)}`,
      hint: "Give the authority's certificate as tls.ca, and tls.servername when the host's name differs from the certificate's.",
      details: { address: at },
      cause: error,
    }
  }
  if (peerSpeaksTls) {
    return {
      code: 'TLS_MISMATCH',
      message: `What listens at ${at} speaks TLS and closes a plain connection.`,
      hint: 'Write amqps:// in the address.',
      details: { address: at },
      cause: error,
    }
  }
  return {
    code: 'BROKER_UNREACHABLE',
    message: `No broker answers at ${at}: ${ended(reason(code, text))}`,
    hint:
      code === 'ENOTFOUND'
        ? "The host's name does not resolve here. Is it a Service's name, seen from outside of its cluster?"
        : 'Is it running, and is this the right host and port?',
    retryable: true,
    details: { address: at },
    cause: error,
  }
}

/** Why the broker closed a channel or connection, or why an operation on it failed. */
export function operationFault(
  error: unknown,
  doing: {
    readonly queue: string
    readonly address: string
    /** The permission that the operation needs, for brokers that do not name it. */
    readonly needs?: string | undefined
  },
): AmqpFault {
  const { code, text } = read(error)
  const { queue, address } = doing
  const details = { queue, address }
  const said = /with message "(.*)"/s.exec(text)?.[1] ?? text
  switch (Number(code)) {
    case 404:
      return /down|inaccessible|unavailable|timeout/i.test(said)
        ? unavailable(queue, said, details, error)
        : {
            code: 'QUEUE_NOT_FOUND',
            message: `There is no queue ${queue} at ${address}.`,
            hint: 'Check its name and the vhost, or declare it first: declareQueue of @podqueue/producer does.',
            details,
            cause: error,
          }
    case 403: {
      // Before 3.12 the broker names the resource that was refused and not the permission, which only the caller can tell.
      const which = /(configure|write|read) access/i.exec(said)?.[1]?.toLowerCase() ?? doing.needs
      return {
        code: 'NOT_PERMITTED',
        message: `The broker at ${address} does not permit it: ${ended(said)}`,
        hint: `Grant ${which ?? 'the missing permission'}: rabbitmqctl set_permissions -p <vhost> <user> <configure> <write> <read>.`,
        details: { ...details, ...(which === undefined ? {} : { permission: which }) },
        cause: error,
      }
    }
    case 405:
      return {
        code: 'QUEUE_LOCKED',
        message: `Queue ${queue} at ${address} is held by another connection alone: ${ended(said)}`,
        hint: 'It was declared exclusive. A work queue is shared: declare it durable and not exclusive.',
        details,
        cause: error,
      }
    case 406:
      return mismatch(queue, address, said, error)
    case 541:
    case 506:
      return unavailable(queue, said, details, error)
    default:
      return {
        code: 'CONNECTION_LOST',
        message: `The connection to the broker at ${address} was lost: ${ended(text)}`,
        hint: 'What was not settled before may have happened or not.',
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

/** What somebody else said, as the end of a sentence of ours. */
function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function unavailable(queue: string, said: string, details: AmqpFault['details'], cause: unknown): AmqpFault {
  return {
    code: 'QUEUE_UNAVAILABLE',
    message: `Queue ${queue} cannot be reached now: ${ended(said)}`,
    hint: "The queue's node is down or its leader does not answer; this heals when the broker does.",
    retryable: true,
    details,
    cause,
  }
}

function reason(code: string, text: string): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name does not resolve (${code})`
  if (code === 'ABORT_ERR' || /ETIMEDOUT/.test(`${code} ${text}`)) return 'it did not answer in time'
  return text
}

function read(error: unknown): { readonly code: string; readonly text: string } {
  if (!(error instanceof Error)) return { code: '', text: String(error) }
  // Node's attempt at several addresses of one name has its reasons one level down.
  const first = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  const source = error.message === '' && first !== undefined ? first : error
  const code = 'code' in source ? source.code : undefined
  return { code: code === undefined ? '' : String(code), text: source.message }
}
