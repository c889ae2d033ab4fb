import { badRequest } from '../../answers/status-error.ts'
import type { KubeObject } from '../../objects/objects.ts'
import type { ResourceType } from '../../store/resource-types.ts'

type Test = (object: KubeObject) => boolean

/** A test for both selectors of a request. Throws a 400 for a field that cannot be selected by, as Kubernetes does. */
export function selectorOf(type: ResourceType, query: URLSearchParams): Test {
  const tests = [...fieldTests(type, query.get('fieldSelector') ?? ''), ...labelTests(query.get('labelSelector') ?? '')]
  return (object) => tests.every((test) => test(object))
}

function fieldTests(type: ResourceType, selector: string): Test[] {
  return requirements(selector).map((requirement) => {
    const match = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(requirement)
    if (!match) throw badRequest(`invalid selector: '${requirement}'; can't understand '${requirement}'`)
    const [, field = '', operator, value = ''] = match
    const known = field === 'metadata.name' || (field === 'metadata.namespace' && type.namespaced)
    if (!known && !type.selectableFields?.includes(field)) {
      throw badRequest(`field label "${field}" not supported for ${type.kind}`)
    }
    return (object) => (fieldOf(object, field) === value) === (operator !== '!=')
  })
}

/** `a=b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`. */
function labelTests(selector: string): Test[] {
  return requirements(selector).map((requirement) => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(requirement)
    if (set) {
      const [, label = '', operator, list = ''] = set
      const values = list.split(',').map((value) => value.trim())
      return (object) => values.includes(labelOf(object, label) ?? '\0') === (operator === 'in')
    }
    const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(requirement)
    if (equality) {
      const [, label = '', operator, value = ''] = equality
      return (object) => (labelOf(object, label) === value) === (operator !== '!=')
    }
    const existence = /^(!?)\s*([^=!\s(),]+)$/.exec(requirement)
    if (!existence) throw badRequest(`unable to parse requirement: found '${requirement}'`)
    const [, not, label = ''] = existence
    return (object) => (labelOf(object, label) !== undefined) === (not === '')
  })
}

/** Split at the commas that are not in parentheses. */
function requirements(selector: string): string[] {
  return (selector.match(/(?:\([^)]*\)|[^,(])+/g) ?? []).map((part) => part.trim()).filter((part) => part !== '')
}

function labelOf({ metadata }: KubeObject, label: string): string | undefined {
  return metadata.labels && Object.hasOwn(metadata.labels, label) ? metadata.labels[label] : undefined
}

function fieldOf(object: KubeObject, path: string): string {
  let value: unknown = object
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part]
  // `source` of an event stands for its component, `status.successful` of a Job for `succeeded`.
  if (path === 'source') value = (value as { component?: string } | undefined)?.component
  // A node that says nothing of it takes pods: upstream's clients list such nodes by `spec.unschedulable=false`.
  if (path === 'spec.unschedulable') value ??= false
  if (path === 'status.successful') value = (object.status as { succeeded?: number } | undefined)?.succeeded ?? 0
  return value === undefined || value === null ? '' : String(value)
}
