import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

/**
 * The message that is published on the tracing channels `podqueue:submit` and `podqueue:wait` of `node:diagnostics_channel`
 * (`tracing:podqueue:submit:start`, `:end`, `:asyncStart`, `:asyncEnd`, `:error`). `result` and `error` are added when there are any.
 */
export interface JobTrace {
  readonly name: string
  readonly namespace: string
  /** `podqueue:submit`: how many completions the Job has. */
  readonly completions?: number
  /** Of a submit the Job as the API server has it, of a wait the {@link JobResult}. */
  result?: unknown
  /** The error that the call throws. */
  error?: unknown
}

const channels: Readonly<Record<'submit' | 'wait', TracingChannel<JobTrace>>> = {
  submit: tracingChannel('podqueue:submit'),
  wait: tracingChannel('podqueue:wait'),
}

/** Does something within a trace. Without a subscriber that is a call and nothing more. */
export function traced<Value>(
  channel: 'submit' | 'wait',
  trace: JobTrace,
  action: () => Promise<Value>,
): Promise<Value> {
  return channels[channel].tracePromise(action, trace)
}
