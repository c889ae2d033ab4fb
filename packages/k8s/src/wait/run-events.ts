import { callListener } from '@internal/async'
import type { Names } from '@internal/options'
import type { JobCounts, JobEnd } from '../job/job-state.ts'
import type { PodLogLine } from '../logs/pod-logs.ts'
import type { PodFailure } from '../pods/pod-failure.ts'
import type { ItemCounts } from '../queue/item-tally.ts'
import type { StuckEvent } from '../trouble/stuck-event.ts'

/** How far a run is. */
export interface RunProgress extends JobCounts {
  /**
   * How far its items are: only from `runJob` with the option `queue`, after the first reading. The queue is read every second at
   * first, then each time a hundredth of the run's time is over, every 10 s at least.
   */
  readonly items?: ItemCounts
}

/** The events of a wait. A listener that throws causes a process warning, never another verdict. */
export interface RunEvents {
  /** The Job's counts changed; in `runJob` with the option `queue`, also how far the items are. */
  readonly progress: RunProgress
  /** Kubernetes decided how the Job ends; its last pods are still being ended. */
  readonly decided: JobEnd
  /** Something keeps the run, or a part of it, from going on. Each trouble is told once; it may pass by itself. */
  readonly stuck: StuckEvent
  /** An attempt failed, which need not fail the Job: at most 20 in 30 s, a sample when there are more. */
  readonly podFailed: PodFailure
  /** A pod printed a line. Logs are read only when somebody listens: a request or more for each pod. */
  readonly podLog: PodLogLine
  /** The connection to the API server is back after it was lost. Nothing was missed. */
  readonly reconnected: { readonly attempts: number; readonly reason: string }
}

/** Listeners, by the event's name. */
export type RunListeners = { readonly [Name in keyof RunEvents]?: ((event: RunEvents[Name]) => void) | undefined }

/** The names of the events. */
export const RUN_EVENTS: Names<RunListeners> = {
  progress: true,
  decided: true,
  stuck: true,
  podFailed: true,
  podLog: true,
  reconnected: true,
}

/** Calls the listener of an event, if there is one. */
export function tell<Name extends keyof RunEvents>(on: RunListeners, name: Name, event: RunEvents[Name]): void {
  const listener = on[name]
  if (listener !== undefined) callListener(name, listener, event)
}
