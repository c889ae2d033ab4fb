import { callListener } from '@internal/async'
import type { Names, Problems } from '@internal/options'
import type { OutcomeCounts } from './outcome.ts'

/** The events of a connection and of the calls that use it. None of them holds a password or a body. */
export interface ProducerEvents {
  /** A connection is open, for the first time or again. */
  readonly connected: { readonly address: string }
  /** An attempt to connect failed, and is made again. */
  readonly retrying: { readonly address: string; readonly code: string; readonly reason: string }
  /** A connection was lost. It is opened again when a call needs it. */
  readonly disconnected: { readonly address: string; readonly reason: string }
  /** The broker takes no messages for now, for example because it is short of memory or disk. */
  readonly blocked: { readonly address: string; readonly reason: string }
  /** The broker takes messages again. */
  readonly unblocked: { readonly address: string }
  /** How far a call of `enqueue` is: at most four times a second, and once at its end. */
  readonly progress: { readonly queue: string; readonly counts: OutcomeCounts }
}

/** Listeners, by the event's name. */
export type ProducerListeners = {
  readonly [Name in keyof ProducerEvents]?: ((event: ProducerEvents[Name]) => void) | undefined
}

const EVENTS: Names<ProducerListeners> = {
  connected: true,
  retrying: true,
  disconnected: true,
  blocked: true,
  unblocked: true,
  progress: true,
}

/** Checks the option `on`. */
export function checkListeners(problems: Problems, on: ProducerListeners | undefined): void {
  const listeners = problems.known('on', on, EVENTS)
  for (const name of Object.keys(EVENTS) as (keyof ProducerListeners)[])
    problems.callable(`on.${name}`, listeners[name])
}

/** Calls the listeners of an event. Returns whether there are any. */
export type Tell = <Name extends keyof ProducerEvents>(name: Name, event: ProducerEvents[Name]) => boolean

/** Makes the function that calls the listeners of an `on` option. */
export function tellListeners(on: ProducerListeners): Tell {
  return (name, event) => {
    const listener = on[name]
    if (listener === undefined) return false
    callListener(name, listener, event)
    return true
  }
}
