import type { Names, Problems } from '@internal/options'
import type { OutcomeCounts } from './receipt.ts'

/** What happens while a connection is used. Nothing here holds a password or a body. */
export interface ProducerEvents {
  /** A connection is open, for the first time or again. */
  readonly connected: { readonly address: string }
  /** A connection was lost. It is opened again when a call needs it. */
  readonly disconnected: { readonly address: string; readonly reason: string }
  /** The broker takes no messages for now, as it does when it is short of memory or disk. */
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
  disconnected: true,
  blocked: true,
  unblocked: true,
  progress: true,
}

/** Adds to `problems` what is wrong with an `on` option. */
export function checkListeners(problems: Problems, on: ProducerListeners | undefined): void {
  const listeners = problems.known('on', on, EVENTS)
  for (const name of Object.keys(EVENTS) as (keyof ProducerListeners)[])
    problems.callable(`on.${name}`, listeners[name])
}

/** Tells one event to whoever listens. */
export type Tell = <Name extends keyof ProducerEvents>(name: Name, event: ProducerEvents[Name]) => void

/** Calls a listener. What it throws, or what its promise rejects with, becomes a process warning. */
export function callListener(name: string, listener: (event: never) => unknown, event: unknown): void {
  const warn = (error: unknown): void => {
    process.emitWarning(
      `The listener for '${name}' failed: ${error instanceof Error ? error.stack : String(error)}`,
      'PodqueueWarning',
    )
  }
  try {
    const answer: unknown = listener(event as never)
    if (answer instanceof Promise) answer.catch(warn)
  } catch (error) {
    warn(error)
  }
}

/** What tells the listeners of an `on` option. */
export function tellListeners(on: ProducerListeners): Tell {
  return (name, event) => {
    const listener = on[name]
    if (listener !== undefined) callListener(name, listener as (event: never) => unknown, event)
  }
}
