/**
 * Calls a listener of the app. Whatever it throws, or its promise rejects with, becomes a process warning: a listener never
 * changes the outcome of a call.
 *
 * @param name shown in the warning: `The listener for '<name>' failed`
 */
export function callListener<Event>(name: string, listener: (event: Event) => unknown, event: Event): void {
  const warn = (error: unknown): void => {
    process.emitWarning(
      `The listener for '${name}' failed: ${error instanceof Error ? error.stack : String(error)}`,
      'PodqueueWarning',
    )
  }
  try {
    const answer: unknown = listener(event)
    if (answer instanceof Promise) answer.catch(warn)
  } catch (error) {
    warn(error)
  }
}
