/** What the keeper is asked to start, with all that it needs to know: it is another process. */
export type KeeperTask =
  | { readonly kind: 'docker'; readonly image: string }
  | { readonly kind: 'local'; readonly server: string; readonly epmd: string }

/** What the keeper says. */
export type FromKeeper =
  | { readonly type: 'announce'; readonly line: string }
  | { readonly type: 'ready'; readonly url: string; readonly description: string }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'ran'; readonly id: number; readonly output: string }
  | { readonly type: 'refused'; readonly id: number; readonly reason: string }

/** What the keeper is told. It ends its broker, and itself, when the channel closes: nothing says so, also not a crash. */
export type ToKeeper =
  | { readonly type: 'rabbitmqctl'; readonly id: number; readonly args: readonly string[] }
  | { readonly type: BrokerAction; readonly id: number }

/** What can be done to a whole broker. */
export type BrokerAction = 'pause' | 'resume' | 'restart'

/** What the keeper keeps. */
export interface KeptBroker {
  readonly url: string
  readonly description: string
  rabbitmqctl(args: readonly string[]): Promise<string>
  pause(): Promise<void>
  resume(): Promise<void>
  restart(): Promise<void>
  /** Resolves with a reason if the broker ends by itself. */
  readonly ended: Promise<string>
  /** Ends the broker and removes all that it had. */
  end(): Promise<void>
}

/** What a start may use. */
export interface KeeperContext {
  readonly announce: (line: string) => void
  /** Aborts when the owner is gone: a start then cleans up what it has begun, and rejects. */
  readonly signal: AbortSignal
}
