import { isDeepStrictEqual } from 'node:util'
import { badRequest, StatusError } from '../../answers/status-error.ts'
import { isObject, type Json } from './merge-patch.ts'

/** https://www.rfc-editor.org/rfc/rfc6902 */
export function applyJsonPatch(target: Json, patch: Json): Json {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  }
  // The root in a holder of its own, so that it can be replaced like anything else.
  const holder: { [name: string]: Json } = { root: structuredClone(target) }
  for (const operation of patch) {
    const { op, path, from, value } = checked(operation)
    switch (op) {
      case 'add':
        insert(holder, path, structuredClone(value ?? null))
        break
      case 'remove':
        remove(holder, path)
        break
      case 'replace':
        remove(holder, path)
        insert(holder, path, structuredClone(value ?? null))
        break
      case 'move':
        insert(holder, path, remove(holder, from))
        break
      case 'copy':
        insert(holder, path, structuredClone(read(holder, from)))
        break
      case 'test':
        if (!isDeepStrictEqual(read(holder, path), value ?? null)) throw unprocessable()
        break
      default:
        throw badRequest(`Unexpected kind: ${String(op)}`)
    }
  }
  return holder.root ?? null
}

interface Operation {
  readonly op: Json | undefined
  readonly path: string
  readonly from: string
  readonly value?: Json | undefined
}

function checked(operation: Json): Operation {
  const { op, path, from = '', value } = isObject(operation) ? operation : {}
  if (typeof path !== 'string' || typeof from !== 'string') throw unprocessable()
  return { op, path, from, value }
}

function locate(holder: Json, path: string): { parent: Json[] | { [name: string]: Json }; name: string } {
  const names = ['root', ...path.split('/').slice(1)].map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const name = names.pop() ?? ''
  let parent: Json | undefined = holder
  for (const step of names) {
    parent = Array.isArray(parent)
      ? parent[Number(step)]
      : isObject(parent) && Object.hasOwn(parent, step)
        ? parent[step]
        : undefined
  }
  if (!Array.isArray(parent) && !isObject(parent)) throw unprocessable()
  return { parent, name }
}

function read(holder: Json, path: string): Json {
  const { parent, name } = locate(holder, path)
  const value = Array.isArray(parent) ? parent[Number(name)] : Object.hasOwn(parent, name) ? parent[name] : undefined
  return value ?? null
}

function insert(holder: Json, path: string, value: Json): void {
  const { parent, name } = locate(holder, path)
  if (!Array.isArray(parent)) parent[name] = value
  else parent.splice(name === '-' ? parent.length : Number(name), 0, value)
}

function remove(holder: Json, path: string): Json {
  const { parent, name } = locate(holder, path)
  if (Array.isArray(parent)) {
    const [removed] = parent.splice(Number(name), 1)
    if (removed === undefined) throw unprocessable()
    return removed
  }
  if (!Object.hasOwn(parent, name)) throw unprocessable()
  const removed = parent[name] ?? null
  delete parent[name]
  return removed
}

function unprocessable(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
}
