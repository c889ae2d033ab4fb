import type { AmqpConnection, TlsOptions } from '@internal/amqp'
import type { BrokerAddress } from '@internal/contract'

/** Where the broker is and how to get there. */
export interface Broker {
  /** Undefined with a connection of the app's own, unless an address was given too. */
  readonly address: BrokerAddress | undefined
  readonly borrowed: AmqpConnection | undefined
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly reconnectForMs: number
}

/** The broker in a message. */
export function shownBroker({ address, borrowed }: Broker): string {
  return borrowed === undefined && address !== undefined ? address.shown : "the app's own connection"
}
