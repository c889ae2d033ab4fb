import type { BrokerAddress } from '@internal/contract'

/**
 * Whether the server there answers a TLS greeting. A TLS port that is greeted in plain AMQP only closes the connection, and so
 * does a broker in trouble: this tells the fault that heals from the one that does not.
 */
export async function speaksTls({ hostname, port }: BrokerAddress, timeoutMs: number): Promise<boolean> {
  const { connect } = await import('node:tls')
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // Nothing is sent over it and nothing of it is believed, so its certificate does not matter.
  const socket = connect({ host: hostname, port, rejectUnauthorized: false, timeout: timeoutMs })
  socket.on('secureConnect', () => resolve(true))
  // An alert, as for want of a client's certificate, is TLS as well.
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(/^ERR_SSL_.*(ALERT|HANDSHAKE)/.test(error.code ?? '')))
  socket.on('timeout', () => resolve(false))
  socket.on('close', () => resolve(false))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
