import type fc from 'fast-check'

/** One kind of call, and the promises that each such call is held to. */
export interface Target {
  readonly name: string
  /** The runs of one round. */
  readonly runs: number
  readonly property: fc.IAsyncProperty<unknown> | fc.IAsyncPropertyWithHooks<unknown>
}

/** The servers that targets talk to. */
export interface Servers {
  /** A real broker; undefined when there is none. */
  readonly brokerUrl: string | undefined
  readonly peer: import('./hostile-peer.ts').HostilePeer
  readonly api: import('./garbage-api.ts').GarbageApi
}
