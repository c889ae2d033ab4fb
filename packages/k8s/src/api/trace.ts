import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { type Surroundable, surroundings } from '@internal/diagnostics'

/**
 * The message that is published on the tracing channels `podqueue:run`, `podqueue:submit` and `podqueue:wait` of
 * `node:diagnostics_channel` (`tracing:podqueue:wait:start`, `:end`, `:asyncStart`, `:asyncEnd`, `:error`). `result` and `error` are
 * added when there are any.
 */
export interface JobTrace extends Surroundable {
  readonly name: string
  readonly namespace: string
  /** `podqueue:submit`: how many completions the Job has. */
  readonly completions?: number
  /** Of a submit the Job as the API server has it, of a wait and a run the {@link JobResult}. */
  result?: unknown
  /** The error that the call throws. */
  error?: unknown
}

const channels: Readonly<Record<'run' | 'submit' | 'wait', TracingChannel<JobTrace>>> = {
  run: tracingChannel('podqueue:run'),
  submit: tracingChannel('podqueue:submit'),
  wait: tracingChannel('podqueue:wait'),
}

/** Does something within a trace. Without a subscriber that is a call and nothing more. */
export function traced<Value>(
  name: 'run' | 'submit' | 'wait',
  about: Omit<JobTrace, 'around'>,
  action: () => Promise<Value>,
): Promise<Value> {
  const traces = channels[name]
  if (!traces.hasSubscribers) return action()
  const { around, run } = surroundings()
  return traces.tracePromise(() => run(action), { ...about, around })
}
