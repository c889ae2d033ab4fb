import { describeWithStack } from '@internal/errors'

/**
 * Calls a listener of the app. Anything that it throws, or that its promise rejects with, becomes a process warning: a
 * listener never changes the outcome of a call.
 *
 * @param name shown in the warning: `The listener for '<name>' failed`
 */
export function callListener<Event>(name: string, listener: (event: Event) => unknown, event: Event): void {
  callSafely(`The listener for '${name}'`, () => listener(event))
}

/**
 * Runs a function of the app whose result nobody waits for. Its failure becomes a process warning.
 *
 * @param subject begins the warning: `<subject> failed: …`
 */
export function callSafely(subject: string, run: () => unknown): void {
  const warn = (error: unknown): void =>
    process.emitWarning(`${subject} failed: ${describeWithStack(error)}`, 'PodqueueWarning')
  try {
    const answer = run()
    // Any thenable, of any realm: a rejection that nobody handles would end the process.
    if (typeof answer === 'object' && answer !== null) Promise.resolve(answer).then(undefined, warn)
  } catch (error) {
    warn(error)
  }
}
