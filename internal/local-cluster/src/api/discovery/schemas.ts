import { type Model, type Models, modelOf } from '../../admission/schema.ts'
import type { ResourceType } from '../../store/resource-types.ts'

const DESCRIPTION = 'The local cluster knows the names and the types of the fields, not their descriptions.'
const PLAIN: Readonly<Record<string, object>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  number: { type: 'integer' },
  Date: { type: 'string', format: 'date-time' },
  any: { type: 'object' },
  object: { type: 'object' },
}

/** The schemas of a group's kinds and of the types in them, for `kubectl explain`. */
export function schemasOf(types: readonly ResourceType[], models: Models): Record<string, object> {
  const schemas: Record<string, object> = {}
  const add = (name: string, more: object = {}): void => {
    if (Object.hasOwn(schemas, name)) return
    const model = models[name] as Model | undefined
    if (typeof model?.getAttributeTypeMap !== 'function') {
      schemas[name] = { type: 'object' }
      return
    }
    const properties: Record<string, object> = {}
    schemas[name] = { type: 'object', properties, ...more }
    for (const { baseName, type } of model.getAttributeTypeMap()) properties[baseName] = schemaOf(type, add)
  }
  for (const type of types) {
    const { group, version, kind } = type
    add(modelOf(type), { description: DESCRIPTION, 'x-kubernetes-group-version-kind': [{ group, version, kind }] })
  }
  return schemas
}

function schemaOf(type: string, add: (name: string) => void): object {
  const list = /^(?:Array|Set)<(.+)>$/.exec(type)?.[1]
  if (list !== undefined) return { type: 'array', items: schemaOf(list, add) }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (map !== undefined) return { type: 'object', additionalProperties: schemaOf(map, add) }
  const plain = PLAIN[type]
  if (plain) return plain
  add(type)
  return { allOf: [{ $ref: `#/components/schemas/${type}` }] }
}
