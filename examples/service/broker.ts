import type { Producer } from '@podqueue/producer'

/** How often a broker that is away is looked for when no batch needs it. */
const LOOK_EVERY_MS = 2_000

/** `connecting`: at the start, before the first answer. */
export type BrokerState = 'connecting' | 'connected' | 'away'

/** How the broker is, as the service answers it. Times are ISO 8601. */
export interface BrokerHealth {
  readonly state: BrokerState
  readonly since: string
  /** Why it is away. */
  readonly reason: string | null
}

/** The state of the broker. It follows the connection of the producer. While there is no connection, it asks the broker. */
export class BrokerWatch {
  readonly #producer: Producer
  readonly #changed = new Set<() => void>()
  #health: BrokerHealth = { state: 'connecting', since: new Date().toISOString(), reason: null }

  constructor(producer: Producer) {
    this.#producer = producer
    producer.on('connected', () => this.#set('connected', null))
    producer.on('disconnected', ({ reason }) => this.#set('away', reason))
    producer.on('retrying', ({ reason }) => this.#set('away', reason))
  }

  get health(): BrokerHealth {
    return this.#health
  }

  /** Looks for the broker whenever it is not there. `queue` is asked for, which opens the connection: it need not exist. */
  start(queue: string): void {
    const look = async (): Promise<void> => {
      if (this.#health.state !== 'connected') {
        await this.#producer.inspectQueue(queue).catch((error: Error) => {
          if (this.#health.state !== 'connected') this.#set('away', error.message)
        })
      }
      setTimeout(look, LOOK_EVERY_MS).unref()
    }
    void look()
  }

  /** Calls back at each change, until the function that is returned is called. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener)
    return () => this.#changed.delete(listener)
  }

  #set(state: BrokerState, reason: string | null): void {
    const { state: before, since, reason: known } = this.#health
    if (state === before && reason === known) return
    this.#health = { state, since: state === before ? since : new Date().toISOString(), reason }
    for (const listener of this.#changed) listener()
  }
}
