/** The broker that a fault is about. */
type AboutBroker = {
  /** Its address, without user and password. */
  readonly address: string
}

/** The queue that a fault is about, and its broker. */
type AboutQueue = AboutBroker & { readonly queue: string }

/** The `details` of a fault between an app and its broker, by its code. */
export interface AmqpFaultDetails {
  /** No address was given: no option `url`, no `BROKER_URL_FILE`, no `BROKER_URL`. */
  BROKER_URL_MISSING: Partial<AboutBroker>
  /** The address is not an AMQP address. */
  BROKER_URL_INVALID: Partial<AboutBroker>
  /** No broker answers there. */
  BROKER_UNREACHABLE: AboutBroker
  /** The name of the broker's host does not resolve. */
  HOST_NOT_FOUND: AboutBroker
  /** The vhost or the user has as many connections as it may have. */
  CONNECTION_LIMIT: AboutBroker & { readonly vhost: string; readonly user: string }
  /** One side speaks TLS and the other does not. */
  TLS_MISMATCH: AboutBroker
  /** The broker's certificate is not trusted. */
  TLS_UNTRUSTED: AboutBroker
  /** The broker refused user or password. */
  CREDENTIALS_REFUSED: AboutBroker & { readonly user: string }
  /** The broker refused the vhost for now: it is down, or the refusal was over when the broker was asked for its reason. */
  VHOST_UNAVAILABLE: AboutBroker & { readonly vhost: string; readonly user: string }
  /** The broker refused the vhost. */
  VHOST_REFUSED: AboutBroker & { readonly vhost: string; readonly user: string }
  /** The user lacks a permission: `configure`, `write` or `read`, where it is known. */
  NOT_PERMITTED: AboutQueue & { readonly permission?: string }
  /** There is no such queue in that vhost. */
  QUEUE_NOT_FOUND: AboutQueue
  /** The queue exists with another argument: yours, and the server's. */
  QUEUE_MISMATCH: AboutQueue & { readonly argument?: string; readonly yours?: string; readonly server?: string }
  /** Another connection declared the queue exclusive. */
  QUEUE_LOCKED: AboutQueue
  /** The queue's node is down, or its leader does not answer. */
  QUEUE_UNAVAILABLE: AboutQueue & { readonly ready?: number; readonly consumers?: number; readonly timeoutMs?: number }
  /** The connection was lost. */
  CONNECTION_LOST: AboutBroker & { readonly queue?: string }
  /** Something failed that has nothing to do with the network or the broker: a bug. */
  INTERNAL_ERROR: Partial<AboutQueue>
}
