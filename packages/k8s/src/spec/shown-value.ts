/** Text that cannot hold a secret of an address: no `:`, `/` or `@`. */
const PLAIN = /^[\w .,+=-]{1,63}$/

/**
 * A value of an option as a message may show it: plain short text, a number, or else only its kind. An option may hold an address
 * with its password by mistake, such as `urlFrom` for `podUrl`.
 */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? `'${value}'` : value === '' ? 'an empty string' : 'a string'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : typeof value
}
