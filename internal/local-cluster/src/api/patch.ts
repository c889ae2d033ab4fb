import { isDeepStrictEqual } from 'node:util'
import { badRequest, StatusError, unsupportedMediaType } from '../status-error.ts'
import { strategicMerge } from './strategic-merge.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Applies a patch of the given media type to a copy of an object. */
export function applyPatch(contentType: string | undefined, target: unknown, patch: unknown): unknown {
  switch (contentType?.split(';')[0]?.trim()) {
    case 'application/json-patch+json':
      return applyJsonPatch(target as Json, patch)
    case 'application/merge-patch+json':
      return merge(target as Json, patch as Json)
    case 'application/strategic-merge-patch+json':
      return strategicMerge(target as Json, patch as Json)
    default:
      throw unsupportedMediaType('415: Unsupported Media Type')
  }
}

/** https://www.rfc-editor.org/rfc/rfc7386 */
function merge(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const merged: { [name: string]: Json } = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = merge(merged[name] ?? null, value)
  }
  return merged
}

/** https://www.rfc-editor.org/rfc/rfc6902 */
function applyJsonPatch(target: Json, patch: unknown): Json {
  if (!Array.isArray(patch)) {
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  }
  // The root in a holder of its own, so that it can be replaced like anything else.
  const holder: { [name: string]: Json } = { root: structuredClone(target) }
  for (const { op, path, from, value } of patch as { op: string; path: string; from?: string; value?: Json }[]) {
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
        insert(holder, path, remove(holder, from ?? ''))
        break
      case 'copy':
        insert(holder, path, structuredClone(read(holder, from ?? '')))
        break
      case 'test':
        if (!isDeepStrictEqual(read(holder, path), value ?? null)) throw unprocessable()
        break
      default:
        throw badRequest(`Unexpected kind: ${op}`)
    }
  }
  return holder.root ?? null
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

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unprocessable(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
}
