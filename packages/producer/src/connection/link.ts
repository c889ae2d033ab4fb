import type { AmqpConnection } from '@internal/amqp'

/** The reason why the broker takes no messages, and since when on the clock of `performance.now()`. */
export interface Blocked {
  readonly since: number
  readonly reason: string
}

/** The way to a broker that calls share: one connection, opened when it is needed. */
export interface Link {
  /** The broker's address without user and password. */
  readonly shown: string
  /** Undefined when only the owner of the connection knows it. */
  readonly vhost: string | undefined
  /** Whether a lost connection is opened again. */
  readonly reconnects: boolean
  readonly blocked: Blocked | undefined
  /** The error with which the last connection was lost. */
  readonly lost: unknown
  /**
   * Returns the open connection, and opens one if there is none; `signal` ends only the wait.
   *
   * @throws {ProducerError} when no connection can be opened
   */
  open(signal?: AbortSignal): Promise<AmqpConnection>
  /** Calls the listener when `blocked` or `lost` may have changed, or the socket takes more. Returns a function that ends that. */
  onChange(listener: () => void): () => void
  /** Another link to the same broker, with a connection of its own; undefined when only the app can open one. */
  separate(): Link | undefined
  close(): Promise<void>
}
