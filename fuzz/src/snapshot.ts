import { types } from 'node:util'

/** The state of a caller's value as a text, to see whether a call changed it. Runs no code of the value. */
export function snapshot(value: unknown): string {
  return describe(value, new Map())
}

function describe(value: unknown, seen: Map<object, number>): string {
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'bigint' ? `${value}n` : `${typeof value} ${String(value)}`
  const before = seen.get(value)
  if (before !== undefined) return `#${before}`
  seen.set(value, seen.size)
  if (types.isProxy(value)) return 'proxy'
  if (ArrayBuffer.isView(value))
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`
  if (types.isMap(value)) return `map ${describe([...value], seen)}`
  if (types.isSet(value)) return `set ${describe([...value], seen)}`
  const prototype: unknown = Object.getPrototypeOf(value)
  // The insides of an instance of a class, such as an AbortSignal with its listeners, are that class's affair.
  if (prototype !== null && prototype !== Object.prototype && !Array.isArray(value)) return 'instance'
  const fields = Reflect.ownKeys(value).map((name) => {
    const descriptor = Object.getOwnPropertyDescriptor(value, name)
    return `${String(name)}: ${descriptor !== undefined && 'value' in descriptor ? describe(descriptor.value, seen) : 'accessor'}`
  })
  return `{ ${Object.isFrozen(value) ? 'frozen ' : ''}${fields.join(', ')} }`
}
