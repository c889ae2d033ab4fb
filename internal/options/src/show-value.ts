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

/**
 * A path as an error may show it. It may end in a name that the caller chose, of a variable or a label, and that may be an
 * address in the wrong place: a path is shown up to the first name that is not made of the letters of names.
 */
export function showPath(path: string): string {
  // A `:` stands only before the tag of an image, in quotes.
  const good = /^(?:[\w$.[\]'-]|\/(?!\/)|:(?=[\w.-]+'\]))*/.exec(path)?.[0] ?? ''
  if (good.length === path.length && path.length <= 300) return path
  const end = Math.max(good.lastIndexOf('.'), good.lastIndexOf('['))
  const shown = good.slice(0, Math.max(0, end)).slice(0, 300)
  return `${shown}${shown === '' ? '' : ' '}(a name that is not shown)`
}

/** `Array.isArray`, which throws for a revoked Proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}
