/** Runs some work, once and at once, and returns what it returns: `(work) => context.with(mine, work)` of OpenTelemetry. */
export type Around = <Value>(work: () => Value) => Value

/** A message about work that has not begun. */
export interface Surroundable {
  /**
   * For a subscriber, while it is called: has the work run inside of `around`. `bindStore` of the channel takes an
   * `AsyncLocalStorage` alone, and the context of OpenTelemetry is behind an API of its own.
   */
  around(around: Around): void
}

/** Collects what subscribers put around some work: `around` is for their message, `run` runs the work inside of all of it. */
export function surroundings(): Surroundable & { readonly run: Around } {
  let run: Around = (work) => work()
  return {
    around: (around) => {
      const inner = run
      run = (work) => around(() => inner(work))
    },
    run: (work) => run(work),
  }
}
