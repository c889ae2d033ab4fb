import type { BrokerAddress } from '@internal/contract'
import { shownCause } from '@internal/errors'
import { ended, errorWords, shortCause } from './error-words.ts'
import type { AmqpFault } from './fault.ts'
import { isNetworkError } from './network-error.ts'

/** Node's codes for a certificate that is not trusted (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const UNTRUSTED =
  /^(CERT_|ERR_TLS_CERT_|ERR_SSL_TLSV1|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/

/** Facts that are found by a second look at the peer, when amqplib's error does not tell them. */
export interface PeerFacts {
  /** The peer answers a TLS greeting. */
  readonly speaksTls?: boolean
  /** The words with which the broker refuses the vhost; undefined when it could not be asked, or accepts the vhost now. */
  readonly refusal?: string | undefined
}

/** Whether the broker answered the opening of the vhost with a close. amqplib names the frame and drops its words. */
export function isVhostRefusal(error: unknown): boolean {
  return /ConnectionOpenOk; got <ConnectionClose/.test(errorWords(error).text)
}

/** The reason why a connection to the broker could not be opened. */
export function connectFault(caught: unknown, address: BrokerAddress, peer: PeerFacts = {}): AmqpFault {
  const { code, text } = errorWords(caught)
  const error = shortCause(caught)
  const { shown } = address
  const user = address.username ?? 'guest'
  const details = { address: shown }
  if (/ACCESS.REFUSED|authentication mechanism|Login was refused/i.test(text)) {
    return {
      code: 'CREDENTIALS_REFUSED',
      message: `The broker at ${shown} refused the password of user ${user}, or does not know that user.`,
      hint:
        user === 'guest'
          ? "RabbitMQ accepts guest only from the broker's own host: give an address with a user of your own."
          : 'Check user and password in the address; special characters in them are written with encodeURIComponent.',
      details: { ...details, user },
      cause: error,
    }
  }
  if (isVhostRefusal(caught)) return vhostFault(address, peer.refusal, error)
  if (
    /wrong version number|packet length too long|ERR_SSL_WRONG_VERSION|ERR_SSL_PACKET_LENGTH/i.test(`${code} ${text}`)
  ) {
    return {
      code: 'TLS_MISMATCH',
      message: `The server at ${shown} does not speak TLS.`,
      hint: 'Use amqp:// for a plain port (usually 5672) and amqps:// for a TLS one (5671).',
      details,
      cause: error,
    }
  }
  if (UNTRUSTED.test(code)) {
    return {
      code: 'TLS_UNTRUSTED',
      message: `The certificate of the broker at ${shown} is not trusted: ${ended(text)}`,
      hint: "Give the authority's certificate as tls.ca, and tls.servername when the host's name differs from the certificate's.",
      details,
      cause: error,
    }
  }
  if (peer.speaksTls === true) {
    return {
      code: 'TLS_MISMATCH',
      message: `The server at ${shown} speaks TLS and closes a plain connection.`,
      hint: 'Write amqps:// in the address.',
      details,
      cause: error,
    }
  }
  if (code === 'ENOTFOUND') {
    return {
      code: 'HOST_NOT_FOUND',
      message: `The host name of the broker at ${shown} does not resolve (ENOTFOUND).`,
      hint: "Check the name. A Service's name, such as rabbitmq-service, resolves only inside of its cluster.",
      details,
      cause: error,
    }
  }
  if (!isNetworkError(caught)) return internalFault(caught, details)
  return {
    code: 'BROKER_UNREACHABLE',
    message: `No broker answers at ${shown}: ${ended(reason(code, text))}`,
    hint: 'Is it running, and is this the right host and port?',
    retryable: true,
    details,
    cause: error,
  }
}

/** An error that is not of the network and not of the broker. */
export function internalFault(
  error: unknown,
  details: { readonly address?: string; readonly queue?: string },
): AmqpFault {
  return {
    code: 'INTERNAL_ERROR',
    message: `An error that has nothing to do with the network stopped the call: ${ended(errorWords(error).text)}`,
    hint: 'See cause. If it names an option, such as tls, correct that; else it is a bug.',
    details,
    cause: shownCause(error),
  }
}

function vhostFault({ shown, vhost, username }: BrokerAddress, words: string | undefined, cause: unknown): AmqpFault {
  const user = username ?? 'guest'
  const details = { address: shown, vhost, user }
  if (words !== undefined && /limit/i.test(words)) {
    return {
      code: 'CONNECTION_LIMIT',
      message: `The broker at ${shown} takes no more connections: ${ended(words)}`,
      hint: 'Wait until others close theirs, use fewer, or raise the limit: see rabbitmqctl set_vhost_limits and set_user_limits.',
      retryable: true,
      details,
      cause,
    }
  }
  // Only words tell that a refusal lasts. A limit may be lifted, and a vhost made, before the second look.
  if (words === undefined || /is down/i.test(words)) {
    return {
      code: 'VHOST_UNAVAILABLE',
      message:
        words === undefined
          ? `The broker at ${shown} refused vhost ${vhost}, and did not say why when it was asked again.`
          : `The broker at ${shown} cannot open vhost ${vhost} now: ${ended(words)}`,
      hint: 'Try again. If it lasts, see rabbitmqctl list_vhosts name cluster_state and the log of the broker.',
      retryable: true,
      details,
      cause,
    }
  }
  return {
    code: 'VHOST_REFUSED',
    message: `The broker at ${shown} refused vhost ${vhost} for user ${user}: ${ended(words)}`,
    hint: 'Check the path of the address; see rabbitmqctl list_vhosts, and rabbitmqctl list_permissions -p <vhost>.',
    details,
    cause,
  }
}

function reason(code: string, text: string): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there (ECONNREFUSED)'
  if (code === 'EAI_AGAIN') return 'its name cannot be resolved now (EAI_AGAIN)'
  if (code === 'ABORT_ERR' || /ETIMEDOUT/.test(`${code} ${text}`)) return 'it did not answer in time'
  return text
}
