/** Which of the ways led to a broker. */
export type BrokerWay = 'given' | 'localhost' | 'docker' | 'local' | 'apt'

/** A RabbitMQ that answers, and the end of it if it is ours. */
export interface Broker extends AsyncDisposable {
  /** Its address, with user and password: not for logs. */
  readonly url: string
  readonly way: BrokerWay
  /** What it is and where, for a person. Holds no password. */
  readonly description: string
  /** Runs `rabbitmqctl` against it and resolves to its output. Only for a broker that we started. */
  readonly rabbitmqctl?: (...args: readonly string[]) => Promise<string>
  /** Ends a broker that we started, and removes all that it had. Leaves any other as it is. May be called twice. */
  close(): Promise<void>
}

/** A broker that somebody else runs: `close()` does nothing. */
export function foreignBroker(fields: Pick<Broker, 'url' | 'way' | 'description'>): Broker {
  return { ...fields, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
}
