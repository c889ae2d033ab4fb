import type { AmqpConnection } from '@internal/amqp'
import { describeThrown, showText } from '@internal/errors'
import { ProducerError } from '../errors.ts'
import type { Tell } from '../events.ts'
import type { Blocked, Link } from './link.ts'

/** A connection that the app opened and will close. It is used until it is lost. */
export class BorrowedLink implements Link {
  readonly shown = "the app's own connection"
  readonly vhost: undefined
  readonly reconnects = false
  readonly #connection: AmqpConnection
  readonly #tell: Tell
  readonly #listeners = new Set<() => void>()
  #blocked: Blocked | undefined
  #lost: unknown

  constructor(connection: AmqpConnection, tell: Tell) {
    this.#connection = connection
    this.#tell = tell
    connection.on('blocked', this.#onBlocked)
    connection.on('unblocked', this.#onUnblocked)
    connection.on('close', this.#onClose)
  }

  get blocked(): Blocked | undefined {
    return this.#blocked
  }

  get lost(): unknown {
    return this.#lost
  }

  async open(): Promise<AmqpConnection> {
    // A connection that was closed before this link listened emits no event any more.
    if (this.#lost === undefined && !isClosed(this.#connection)) return this.#connection
    throw new ProducerError({
      code: 'CONNECTION_LOST',
      message: "The app's own connection to the broker is closed.",
      hint: 'Open another. With url instead of connection, a lost connection is opened again.',
      details: { address: this.shown },
      cause: this.#lost,
    })
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Only the app can open another. */
  separate(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    this.#connection.off('blocked', this.#onBlocked)
    this.#connection.off('unblocked', this.#onUnblocked)
    this.#connection.off('close', this.#onClose)
  }

  readonly #onBlocked = (words: string): void => {
    const reason = showText(words)
    this.#blocked = { since: performance.now(), reason }
    this.#tell('blocked', { address: this.shown, reason })
    this.#changed()
  }

  readonly #onUnblocked = (): void => {
    this.#blocked = undefined
    this.#tell('unblocked', { address: this.shown })
    this.#changed()
  }

  readonly #onClose = (error?: Error): void => {
    this.#blocked = undefined
    this.#lost = error ?? new Error('The connection was closed')
    this.#tell('disconnected', {
      address: this.shown,
      reason: error === undefined ? 'it was closed' : describeThrown(error),
    })
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

function isClosed({ connection }: AmqpConnection): boolean {
  const { stream } = connection as { readonly stream?: { readonly writable?: boolean } }
  return stream?.writable === false
}
