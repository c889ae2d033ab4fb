/**
 * Instruments a package once in a process, also where two copies of it are installed: all publish on the same channels, so a second
 * would make each span twice.
 *
 * @returns a function that ends the instrumentation
 */
export function instrumentOnce(name: string, instrument: () => () => void): () => void {
  const key = Symbol.for(`${name}.instrumented`)
  const active = globalThis as { [key]?: boolean }
  if (active[key] === true) {
    process.emitWarning(`${name} is instrumented already. The second call does nothing.`, 'PodqueueWarning')
    return () => {}
  }
  const end = instrument()
  active[key] = true
  return () => {
    if (active[key] !== true) return
    active[key] = false
    end()
  }
}
