/**
 * A value as an error may show it. A string may be anything, also an address with its password given in the wrong place, so
 * only its kind is shown.
 */
export function showKind(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value === '' ? 'an empty string' : 'a string'
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'bigint':
      return 'a bigint'
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    default:
      return value === null ? 'null' : isArray(value) ? 'an array' : 'an object'
  }
}

/** {@link showKind}, and a string where it is one word of letters, as the choices of an option are. */
export function showWord(value: unknown): string {
  return typeof value === 'string' && /^[a-z][a-z-]{0,19}$/i.test(value) ? `'${value}'` : showKind(value)
}

/**
 * A name as an error may show it, in quotes: of a queue, a Secret, a label, an option. A string that is not made of the letters
 * of names, such as an address, is not shown.
 */
export function showName(name: unknown): string {
  return isName(name) ? `'${name}'` : showKind(name)
}

/** Whether a string is made of letters that all names have in common. No address is: each has a `:`. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && /^[\w$./-]{1,253}$/.test(name) && !name.includes('//')
}

/** `Array.isArray`, which throws for a revoked Proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}
