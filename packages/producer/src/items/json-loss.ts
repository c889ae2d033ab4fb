import { types } from 'node:util'

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
  const lost = lostObject(value)
  if (lost !== undefined) return `${path} is ${lost}`
  for (const [key, property] of Object.entries(value)) {
    if (property === undefined) continue
    const lost = lostInJson(property, `${path}.${key}`, within)
    if (lost !== undefined) return lost
  }
  return undefined
}

/** What JSON would make an empty object of, or one of numbered properties; undefined for what it keeps. */
function lostObject(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  if (types.isPromise(value)) return 'a Promise, of which JSON keeps nothing: await it first.'
  if (types.isMap(value) || types.isSet(value)) {
    return `a ${types.isMap(value) ? 'Map' : 'Set'}, of which JSON keeps nothing: send it as an array.`
  }
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value)) {
    return 'bytes, which JSON cannot hold: send them as base64, or as an item of their own.'
  }
  if (types.isNativeError(value) || types.isRegExp(value)) {
    return `${types.isRegExp(value) ? 'a RegExp' : 'an Error'}, of which JSON keeps nothing: send what matters of it as text.`
  }
  return undefined
}
