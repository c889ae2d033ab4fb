import { types } from 'node:util'
import { unawaited } from '@internal/async'

/**
 * Finds the first part of a value that JSON would refuse or silently change. A property that is undefined is left out, as
 * everywhere in JavaScript.
 *
 * @returns a sentence that begins with the path of the part; undefined when JSON keeps everything
 */
export function lostInJson(value: unknown): string | undefined {
  return lostIn(value, '', '$', new Set())
}

function lostIn(value: unknown, key: string, path: string, parents: Set<object>): string | undefined {
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
  if (value === null) return undefined
  if (parents.has(value)) return `${path} refers back to an object that it is part of, which JSON cannot hold.`
  parents.add(value)
  const lost = hasToJson(value) ? lostInOwnJson(value, key, path, parents) : lostInFields(value, path, parents)
  parents.delete(value)
  return lost
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

/** Looks at the value that an object gives for itself. JSON does not ask that value for another. */
function lostInOwnJson(
  value: { toJSON(key: string): unknown },
  key: string,
  path: string,
  parents: Set<object>,
): string | undefined {
  const json = unawaited(value.toJSON(key))
  // By structure, so that the dates of libraries are found as well: their value is a number, and that of no date is NaN.
  if (json === null && Number.isNaN(value.valueOf())) return `${path} is an invalid date, which JSON turns into null.`
  if (json === undefined) return undefined
  if (typeof json !== 'object' || json === null) return lostIn(json, key, path, parents)
  if (json === value) return lostInFields(json, path, parents)
  if (parents.has(json)) return `${path} refers back to an object that it is part of, which JSON cannot hold.`
  parents.add(json)
  const lost = lostInFields(json, path, parents)
  parents.delete(json)
  return lost
}

function lostInFields(value: object, path: string, parents: Set<object>): string | undefined {
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const lost = lostIn(element, String(index), `${path}[${index}]`, parents)
      if (lost !== undefined) return lost
    }
    return undefined
  }
  const entries = Object.entries(value)
  const lost = lostObject(value, entries.length)
  if (lost !== undefined) return `${path} is ${lost}`
  for (const [key, property] of entries) {
    if (property === undefined) continue
    const lost = lostIn(property, key, `${path}.${key}`, parents)
    if (lost !== undefined) return lost
  }
  return undefined
}

/** The reason why JSON does not keep the content of an object; undefined when its fields are its content. */
function lostObject(value: object, fieldCount: number): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return undefined
  // Boxed values are unboxed by JSON.
  if (types.isBoxedPrimitive(value)) return undefined
  if (types.isRegExp(value)) return 'a RegExp, of which JSON keeps nothing: send its source as a string.'
  if (types.isPromise(unawaited(value))) return 'a Promise, of which JSON keeps nothing: await it first.'
  if (types.isMap(value) || types.isSet(value)) {
    return `a ${types.isMap(value) ? 'Map' : 'Set'}, of which JSON keeps nothing: send it as an array.`
  }
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value)) {
    return 'bytes, which JSON cannot hold: send them as base64, or as an item of their own.'
  }
  // Their message is no enumerable field, whatever else is.
  if (types.isNativeError(value)) return 'an Error, whose message JSON does not keep: send what matters of it as text.'
  if (fieldCount > 0 || isPlainElsewhere(prototype)) return undefined
  return 'an object without fields of its own, of which JSON keeps nothing: send its content as a string or a plain object.'
}

/** Whether a prototype is the Object.prototype of another realm, such as that of `node:vm`. */
function isPlainElsewhere(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, '__proto__')
}
