import { badRequest, type StatusError } from '../answers/status-error.ts'
import type { ResourceType } from '../store/resource-types.ts'

/** A generated class of client-node: it has the fields that the OpenAPI document of Kubernetes has. */
export interface Model {
  getAttributeTypeMap(): readonly { readonly baseName: string; readonly type: string; readonly format: string }[]
}

/** client-node's module, by the names of its classes. */
export type Models = Readonly<Record<string, unknown>>

/** Fields of text that also take a number: Kubernetes' quantities. */
const QUANTITIES = ['limits', 'requests', 'overhead', 'sizeLimit', 'divisor']

interface Walk {
  readonly type: ResourceType
  readonly models: Models
  readonly unknown: string[]
}

/**
 * Compares what was sent with the types of Kubernetes. Returns it without the fields that Kubernetes does not have, and
 * their names. Throws a 400 for a value of the wrong type, in the words of the real server.
 */
export function checkSchema<T>(type: ResourceType, value: T, models: Models): { known: T; unknown: readonly string[] } {
  const walk: Walk = { type, models, unknown: [] }
  const known = checkModel(walk, modelOf(type), value, '', '') as T
  return { known, unknown: walk.unknown }
}

/** The name of client-node's class for a kind. */
export function modelOf({ kind }: ResourceType): string {
  return kind === 'Event' ? 'CoreV1Event' : `V1${kind}`
}

export function cannotBeHandled({ kind, version }: ResourceType, why: string): StatusError {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
}

/** `at` has the indexes of lists in it, `plain` has not: Kubernetes writes both, one for each kind of mistake. */
function checkModel(walk: Walk, name: string, value: unknown, at: string, plain: string): unknown {
  const model = walk.models[name] as Model | undefined
  if (typeof model?.getAttributeTypeMap !== 'function') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongType(walk, name, plain, value, name)
  const fields = new Map(model.getAttributeTypeMap().map((field) => [field.baseName, field]))
  const known: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    // To Kubernetes null is as good as absent.
    if (inner === null) continue
    const field = fields.get(key)
    const path = at === '' ? key : `${at}.${key}`
    if (!field) {
      walk.unknown.push(path)
      continue
    }
    const loose = QUANTITIES.includes(key)
    const type = field.type === 'number' ? (field.format === 'double' ? 'float64' : field.format) : field.type
    known[key] = loose ? inner : checkValue(walk, name, type, inner, path, plain === '' ? key : `${plain}.${key}`)
  }
  return known
}

function checkValue(walk: Walk, owner: string, type: string, value: unknown, at: string, plain: string): unknown {
  const list = /^(?:Array|Set)<(.+)>$/.exec(type)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) throw wrongType(walk, owner, plain, value, `[]${goName(list)}`)
    return value.map((each, index) => checkValue(walk, owner, list, each, `${at}[${index}]`, plain))
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (map !== undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrongType(walk, owner, plain, value, `map[string]${goName(map)}`)
    }
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([key, each]) => [key, checkValue(walk, owner, map, each, `${at}.${key}`, plain)]),
    )
  }
  const wanted = PLAIN_TYPES[type]
  if (wanted === undefined) return checkModel(walk, type, value, at, plain)
  const fits = typeof value === wanted && (!type.startsWith('int') || Number.isInteger(value))
  if (!fits) throw wrongType(walk, owner, plain, value, goName(type))
  return value
}

/** The types of JSON behind the plain types of the models. Dates are texts. */
const PLAIN_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
  float64: 'number',
  Date: 'string',
}

function goName(type: string): string {
  return type === 'boolean' ? 'bool' : type === 'Date' ? 'v1.Time' : type.replace(/^V1/, '')
}

function wrongType({ type }: Walk, owner: string, plain: string, value: unknown, wanted: string): StatusError {
  const broken = typeof value === 'number' && !Number.isInteger(value)
  const plainly = typeof value === 'boolean' ? 'bool' : typeof value
  const found = Array.isArray(value) ? 'array' : broken ? `number ${value}` : plainly
  const field = `${goName(owner)}.${plain}`
  return cannotBeHandled(type, `json: cannot unmarshal ${found} into Go struct field ${field} of type ${wanted}`)
}
