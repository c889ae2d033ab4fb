import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { type Surroundable, surroundings } from './around.ts'

/** The message about some work, the same object in each event of it: what ends it is added to it. */
export interface WorkTrace extends Surroundable {
  /** The error that the work threw. */
  error?: unknown
}

/** Work that is told on a tracing channel of `node:diagnostics_channel`. */
export class TracedWork<Trace extends WorkTrace> {
  readonly #channel: TracingChannel<unknown, Trace>

  constructor(name: `podqueue:${string}`) {
    this.#channel = tracingChannel(name) as TracingChannel<unknown, Trace>
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers
  }

  /**
   * Does the work, and tells it if somebody listens. To be asked for `hasSubscribers` before where there is much work: this makes a
   * closure or two.
   *
   * @param ended what a result adds to the message. The result itself is not told: it may hold what an item is about.
   */
  async run<Value>(
    about: Omit<Trace, keyof WorkTrace>,
    work: (trace: Trace | undefined) => Promise<Value>,
    ended: (value: Value) => Partial<Trace>,
  ): Promise<Value> {
    if (!this.hasSubscribers) return await work(undefined)
    const { around, run } = surroundings()
    const trace = { ...about, around } as Trace
    const told: { value?: Value } = {}
    const tell = async (): Promise<void> => {
      told.value = await work(trace)
      Object.assign(trace, ended(told.value))
    }
    await this.#channel.tracePromise(() => run(tell), trace)
    return told.value as Value
  }
}
