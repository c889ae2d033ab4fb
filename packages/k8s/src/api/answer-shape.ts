/** The shape of the answer that a request expects. `anything`: an object of any kind. */
export type Expected = 'object' | 'list' | 'anything'

/**
 * Whether an answer has the form that Kubernetes gives it, as far as it is read here. A proxy's page, another server on that
 * port or a broken extension answers 200 too.
 */
export function hasShape(answer: unknown, expected: Expected): boolean {
  if (!isRecord(answer)) return false
  if (expected === 'anything') return true
  if (expected === 'object') return isKubeObject(answer)
  const { metadata, items } = answer
  return (
    isRecord(metadata) &&
    typeof metadata.resourceVersion === 'string' &&
    Array.isArray(items) &&
    items.every(isKubeObject)
  )
}

/** Whether a line of a watch is an event: of an object, a bookmark or an error. */
export function isWatchEvent(event: unknown): event is { type: string; object: Record<string, unknown> } {
  if (!isRecord(event) || typeof event.type !== 'string' || !isRecord(event.object)) return false
  if (event.type === 'ERROR') return true
  const { metadata } = event.object
  if (event.type === 'BOOKMARK') return isRecord(metadata) && typeof metadata.resourceVersion === 'string'
  return isKubeObject(event.object)
}

function isKubeObject(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.metadata)) return false
  const { name, uid, resourceVersion, labels, annotations, finalizers } = value.metadata
  if (![name, uid, resourceVersion].every((text) => typeof text === 'string')) return false
  if (![labels, annotations].every((map) => map === undefined || isRecord(map))) return false
  if (finalizers !== undefined && !Array.isArray(finalizers)) return false
  return isSpec(value.spec) && isStatus(value.status)
}

function isSpec(spec: unknown): boolean {
  if (spec === undefined) return true
  if (!isRecord(spec)) return false
  return spec.template === undefined || (isRecord(spec.template) && isRecord(spec.template.spec))
}

/** The arrays of a status that are looked through. */
const ARRAYS = ['conditions', 'containerStatuses', 'initContainerStatuses'] as const

function isStatus(status: unknown): boolean {
  if (status === undefined) return true
  if (!isRecord(status)) return false
  return ARRAYS.every((name) => {
    const value = status[name]
    return value === undefined || (Array.isArray(value) && value.every(isRecord))
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
