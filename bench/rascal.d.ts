/** The part of rascal that the bench uses: it has no types of its own. */
declare module 'rascal' {
  interface Publication {
    once(event: 'success' | 'error' | 'return', listener: (reason: unknown) => void): void
  }
  interface Broker {
    on(event: 'error', listener: (error: unknown) => void): void
    publish(publication: string, body: string): Promise<Publication>
    shutdown(): Promise<void>
  }
  const rascal: {
    withDefaultConfig(config: object): object
    readonly BrokerAsPromised: { create(config: object): Promise<Broker> }
  }
  export = rascal
}
