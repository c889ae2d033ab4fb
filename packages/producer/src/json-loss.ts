/**
 * The first thing in a value that JSON would refuse or silently change, with its path. A property that is undefined
 * is left out, as everywhere in JavaScript.
 */
export function lostInJson(value: unknown, path = '$', parents: ReadonlySet<unknown> = new Set()): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return `${path} is a BigInt, which JSON cannot hold: send it as a string.`
    case 'function':
    case 'symbol':
    case 'undefined':
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which JSON cannot hold.`
    case 'number':
      return Number.isFinite(value) ? undefined : `${path} is ${value}, which JSON cannot hold.`
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null || 'toJSON' in value) return undefined
  if (parents.has(value)) return `${path} refers back to an object that it is part of, which JSON cannot hold.`
  const within = new Set(parents).add(value)
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const lost = lostInJson(element, `${path}[${index}]`, within)
      if (lost !== undefined) return lost
    }
    return undefined
  }
  for (const [key, property] of Object.entries(value)) {
    if (property === undefined) continue
    const lost = lostInJson(property, `${path}.${key}`, within)
    if (lost !== undefined) return lost
  }
  return undefined
}
