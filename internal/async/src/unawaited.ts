/**
 * The value that a function of the app returned where it was to return at once. When that is a promise after all, of any realm, or
 * another thenable, nobody waits for it: this handles its rejection, which would end the process.
 */
export function unawaited<T>(value: T): T {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    Promise.resolve(value).then(undefined, () => {})
  }
  return value
}
