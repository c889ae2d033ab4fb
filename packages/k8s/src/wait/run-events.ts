import type { Names } from '@internal/options'
import type { PodLogLine } from '../logs/pod-logs.ts'
import type { JobCounts, JobEnd } from './job-state.ts'
import type { PodFailure } from './pod-failure.ts'
import type { Stuck } from './stuck.ts'

/** What happens during a wait. A listener that throws is a process warning, never the verdict. */
export interface RunEvents {
  /** The Job's counts changed. */
  readonly progress: JobCounts
  /** Kubernetes decided how the Job ends; its last pods are still being ended. */
  readonly decided: JobEnd
  /** Something keeps the run, or a part of it, from going on. Each trouble is told once; it may pass by itself. */
  readonly stuck: Stuck
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

/** Tells a listener. What it throws, or what its promise rejects with, becomes a process warning. */
export function tell<Name extends keyof RunEvents>(on: RunListeners, name: Name, event: RunEvents[Name]): void {
  const warn = (error: unknown): void => {
    process.emitWarning(
      `The listener for '${name}' failed: ${error instanceof Error ? error.stack : String(error)}`,
      'PodqueueWarning',
    )
  }
  try {
    const answer: unknown = on[name]?.(event)
    if (answer instanceof Promise) answer.catch(warn)
  } catch (error) {
    warn(error)
  }
}
