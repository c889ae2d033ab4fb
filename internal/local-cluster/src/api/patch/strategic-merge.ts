import { isObject, type Json } from './merge-patch.ts'

type Members = { [name: string]: Json }

/**
 * By which member the entries of a list are told apart, by the list's name: the `x-kubernetes-patch-merge-key` of Jobs, pods
 * and their metadata. A list that is not here is replaced as a whole.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  conditions: 'type',
  containers: 'name',
  env: 'name',
  ephemeralContainers: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  ports: 'containerPort',
  resourceClaims: 'name',
  schedulingGates: 'name',
  secrets: 'name',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
}
/** Lists of plain values to which a patch adds. */
const SETS = ['finalizers']

const ORDER = '$setElementOrder/'
const DELETE_VALUES = '$deleteFromPrimitiveList/'

/**
 * Applies a strategic merge patch: like a merge patch, but lists with a merge key are merged entry by entry. This is what
 * kubectl sends at a second `apply`.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMerge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  if (patch.$patch === 'delete') return {}
  const merged: Members = isObject(target) && patch.$patch !== 'replace' ? { ...target } : {}
  const { $retainKeys: retained } = patch
  if (Array.isArray(retained)) {
    for (const name of Object.keys(merged)) if (!retained.includes(name)) delete merged[name]
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_VALUES)) {
      const list = name.slice(DELETE_VALUES.length)
      const gone = Array.isArray(value) ? value : []
      const before = merged[list]
      if (Array.isArray(before)) merged[list] = before.filter((each) => !gone.includes(each))
    } else if (name.startsWith('$')) continue
    else if (value === null) delete merged[name]
    else
      merged[name] = Array.isArray(value) ? mergeList(name, merged[name], value) : strategicMerge(merged[name], value)
  }
  for (const [name, order] of Object.entries(patch)) {
    const list = name.startsWith(ORDER) ? name.slice(ORDER.length) : undefined
    const values = list === undefined ? undefined : merged[list]
    if (list !== undefined && Array.isArray(values) && Array.isArray(order)) merged[list] = ordered(list, values, order)
  }
  return merged
}

function mergeList(name: string, target: Json | undefined, patch: Json[]): Json[] {
  const before = Array.isArray(target) ? target : []
  if (SETS.includes(name)) return [...new Set([...before, ...patch])]
  const key = MERGE_KEYS[name]
  const entries = patch.filter(isObject)
  const replaces = entries.some((entry) => entry.$patch === 'replace')
  if (key === undefined || replaces) return patch.filter((entry) => !isObject(entry) || entry.$patch === undefined)
  const merged = new Map(before.map((entry) => [identity(name, entry), entry]))
  for (const entry of entries) {
    const id = identity(name, entry)
    if (entry.$patch === 'delete') merged.delete(id)
    else merged.set(id, strategicMerge(merged.get(id), entry))
  }
  return [...merged.values()]
}

/** The entries that the order names in that order; the others behind what they stood behind, as far as that is known. */
function ordered(name: string, values: Json[], order: Json[]): Json[] {
  const wanted = order.map((entry) => identity(name, entry))
  const named = values.filter((value) => wanted.includes(identity(name, value)))
  named.sort((a, b) => wanted.indexOf(identity(name, a)) - wanted.indexOf(identity(name, b)))
  return values.map((value) => (wanted.includes(identity(name, value)) ? (named.shift() ?? value) : value))
}

function identity(name: string, entry: Json): Json | undefined {
  return isObject(entry) ? entry[MERGE_KEYS[name] ?? ''] : entry
}
