import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { diag } from '@opentelemetry/api'

/** Subscriptions to diagnostics channels that end together. */
export class Subscriptions {
  readonly #ends: (() => void)[] = []

  /** An error that a subscriber throws would be an uncaught exception, and telemetry must not end a process: it goes to the SDK's diagnostics. */
  add<Message>(
    channel: `podqueue:${string}` | `tracing:podqueue:${string}`,
    listener: (message: Message) => void,
  ): this {
    const guarded = (message: unknown): void => {
      try {
        listener(message as Message)
      } catch (error) {
        diag.error(`The telemetry of ${channel} failed.`, error)
      }
    }
    subscribe(channel, guarded)
    this.#ends.push(() => unsubscribe(channel, guarded))
    return this
  }

  end(): void {
    for (const end of this.#ends.splice(0)) end()
  }
}
