import { EXIT_SOON } from '../diagnostics.ts'

/** Tells subscribers of `podqueue:exit` that the process is about to end. Returns the promises that they want it to wait for. */
export function tellExit(): readonly Promise<unknown>[] {
  const waited: Promise<unknown>[] = []
  if (EXIT_SOON.hasSubscribers)
    EXIT_SOON.publish({ waitUntil: (promise: Promise<unknown>) => void waited.push(promise) })
  return waited
}
