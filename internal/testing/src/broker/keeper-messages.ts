/** The order to start something, with all that the keeper, which is another process, needs to know. */
export type KeeperTask =
  | { readonly kind: 'docker'; readonly image: string }
  | { readonly kind: 'docker-cluster'; readonly image: string; readonly hosts: readonly string[] }
  | { readonly kind: 'local'; readonly server: string; readonly epmd: string }

/** A message from the keeper. */
export type FromKeeper =
  | { readonly type: 'announce'; readonly line: string }
  | { readonly type: 'ready'; readonly nodes: readonly KeptNodeInfo[] }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'ran'; readonly id: number; readonly output: string }
  | { readonly type: 'refused'; readonly id: number; readonly reason: string }

/** A message to the keeper. It ends its broker, and itself, when the channel closes: nothing says so, also not a crash. */
export type ToKeeper = { readonly id: number; readonly node: number } & (
  | { readonly type: 'rabbitmqctl'; readonly args: readonly string[] }
  | { readonly type: BrokerAction }
)

/** An operation on a whole node. */
export type BrokerAction = 'pause' | 'resume' | 'restart'

export interface KeptNodeInfo {
  readonly url: string
  readonly description: string
}

/** One server. */
export interface KeptNode extends KeptNodeInfo {
  rabbitmqctl(args: readonly string[]): Promise<string>
  pause(): Promise<void>
  resume(): Promise<void>
  restart(): Promise<void>
}

/** The thing that the keeper runs: one server, or a cluster of several. */
export interface KeptBroker {
  readonly nodes: readonly KeptNode[]
  /** Resolves with a reason if the broker ends by itself. */
  readonly ended: Promise<string>
  /** Ends the broker and removes all that it had. */
  end(): Promise<void>
}

/** The options of a start. */
export interface KeeperContext {
  readonly announce: (line: string) => void
  /** Aborts when the owner is gone: a start then cleans up what it has begun, and rejects. */
  readonly signal: AbortSignal
}
