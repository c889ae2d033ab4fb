import { groupVersion, RESOURCE_TYPES, type ResourceType } from '../../store/resource-types.ts'

/** The objects that a path of the API names. */
export interface RequestTarget {
  readonly type: ResourceType
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** Reads the parts of `/api/v1/...` and `/apis/<group>/<version>/...`. Undefined for a path of no kind of object that is served. */
export function parseTarget(names: readonly string[]): RequestTarget | undefined {
  const parts = [...names]
  const root = parts.shift()
  const version = root === 'api' ? parts.shift() : root === 'apis' ? `${parts.shift()}/${parts.shift()}` : undefined
  if (version === undefined) return undefined
  const find = (plural: string | undefined) =>
    RESOURCE_TYPES.find((type) => groupVersion(type) === version && type.plural === plural)
  let namespace: string | undefined
  // `/namespaces/x` is the object itself, `/namespaces/x/pods` what lies in it.
  if (parts[0] === 'namespaces' && (find(parts[2])?.namespaced || (parts[2] !== undefined && parts[2] !== 'status'))) {
    namespace = parts[1]
    parts.splice(0, 2)
  }
  const [plural, name, subresource, ...rest] = parts
  const type = find(plural)
  if (!type || rest.length > 0 || (namespace !== undefined && !type.namespaced)) return undefined
  if (type.namespaced && namespace === undefined && name !== undefined) return undefined
  if (subresource !== undefined && !type.subresources?.includes(subresource)) return undefined
  return {
    type,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  }
}
