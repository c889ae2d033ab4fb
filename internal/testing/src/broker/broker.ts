/** Which of the ways led to a broker. */
export type BrokerWay = 'given' | 'localhost' | 'docker' | 'local' | 'apt'

/** A RabbitMQ that answers, and the end of it if it is ours. */
export interface Broker extends AsyncDisposable {
  /** Its address, with user and password: not for logs. */
  readonly url: string
  readonly way: BrokerWay
  /** A description of the broker and its place for people. Holds no password. */
  readonly description: string
  /** Runs `rabbitmqctl` against it and resolves to its output. Only for a broker that we started. */
  readonly rabbitmqctl?: (...args: readonly string[]) => Promise<string>
  /** Stops all of it where it stands, as SIGSTOP does: connections stay and nothing answers. Only for one that we started. */
  readonly pause?: () => Promise<void>
  /** Ends {@link pause}. */
  readonly resume?: () => Promise<void>
  /** Kills it in the middle of everything and starts it again on its data and port; resolves once it answers. */
  readonly restart?: () => Promise<void>
  /** Ends a broker that we started, and removes all that it had. Leaves any other as it is. May be called twice. */
  close(): Promise<void>
}

/** A broker that somebody else runs: `close()` does nothing. */
export function foreignBroker(fields: Pick<Broker, 'url' | 'way' | 'description'>): Broker {
  return { ...fields, close: async () => {}, [Symbol.asyncDispose]: async () => {} }
}
