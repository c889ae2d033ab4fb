/**
 * Whether an error is known to come from the network, from the broker, or from the bytes that a peer sent. Anything else, such
 * as a TypeError of a program or of an option, is a bug: trying again would not help, and would hide it.
 */
export function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // Several addresses of one name, of which none answered.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isNetworkError)
  const { code, syscall } = error as NodeJS.ErrnoException
  if (typeof syscall === 'string') return true
  // The reply code of a close frame (https://www.rabbitmq.com/amqp-0-9-1-reference#constants).
  if (typeof code === 'number') return true
  if (typeof code === 'string') return NETWORK_CODE.test(code)
  return error.name === 'IllegalOperationError' || AMQPLIB_TEXT.test(error.message)
}

/**
 * Codes of the system, of an aborted attempt, of TLS, of a stream that ended, and of a frame that cannot be decoded
 * (https://nodejs.org/api/errors.html#nodejs-error-codes). Not `ERR_TLS_INVALID_…`, `ERR_OSSL_…`: those are of options.
 */
const NETWORK_CODE =
  /^(E(?!RR_)[A-Z0-9_]+|ABORT_ERR|ERR_SSL_.*|ERR_TLS_(CERT|HANDSHAKE|DH).*|ERR_STREAM_.*|ERR_SOCKET_(CLOSED|CONNECTION).*|ERR_OUT_OF_RANGE|ERR_BUFFER_OUT_OF_BOUNDS|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)$/

/** The beginnings of amqplib's own errors about a connection, which have no code. */
const AMQPLIB_TEXT =
  /^(Socket closed|Unexpected (close|frame|type tag|response)|Heartbeat timeout|connect ETIMEDOUT|Handshake terminated|Expected \S+; got|Expected connection\.|Frame (on|size)|Invalid frame|Unknown (frame|class)|Wasn't expecting|SASL mechanism|Server frameMax|Channel |channel closed|Connection |Flow not implemented|Operation failed|It was closed|The connection was closed)/
