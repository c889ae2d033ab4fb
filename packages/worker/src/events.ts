import { callSafely } from '@internal/async'
import type { Names, Problems } from '@internal/options'

/** The events of a worker. None of them holds a body or a result. */
export interface WorkerEvents {
  /** An item is done and acked, but its result was not kept, because the results of its batch are deleted. */
  readonly resultUnclaimed: {
    readonly queue: string
    readonly messageId: string | undefined
    /** The id of the batch. */
    readonly batch: string
    /** The item's place in the batch, from 0. */
    readonly index: number
  }
}

/** Listeners, by the event's name. */
export type WorkerListeners = {
  readonly [Name in keyof WorkerEvents]?: ((event: WorkerEvents[Name]) => void) | undefined
}

const EVENTS: Names<WorkerListeners> = { resultUnclaimed: true }

/** Checks the option `on`. Returns a copy of it. */
export function checkListeners(problems: Problems, on: WorkerListeners | undefined): WorkerListeners {
  const listeners = problems.known('on', on, EVENTS)
  for (const name of Object.keys(EVENTS) as (keyof WorkerListeners)[]) {
    problems.callable(`on.${name}`, listeners[name])
  }
  return listeners
}

/** Calls the listener of an event. */
export type Tell = <Name extends keyof WorkerEvents>(name: Name, event: WorkerEvents[Name]) => void

/** Makes the function that calls the listeners of an `on` option. */
export function tellListeners(on: WorkerListeners): Tell {
  // Reading the app's object may fail as well as calling it.
  return (name, event) => callSafely(`The listener for '${name}'`, () => on[name]?.(event))
}
