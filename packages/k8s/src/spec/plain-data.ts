/** A value that Kubernetes cannot be sent, and where it is in the data. */
export interface NotPlain {
  /** The path below the value that was looked at, such as `[0].csi.size`; empty for the value itself. */
  readonly path: string
  /** The end of a sentence: `is a bigint, which JSON does not have`. */
  readonly problem: string
}

/** Deeper data than this is a mistake: no object of Kubernetes has a tenth of these levels. */
const DEEPEST = 100

/**
 * Looks for what JSON cannot hold: cycles, bigints, functions and symbols. JSON.stringify throws a bare TypeError at the first
 * two and drops the others in silence.
 */
export function findNotPlain(value: unknown): NotPlain | undefined {
  return look(value, '', [])
}

function look(value: unknown, path: string, above: readonly object[]): NotPlain | undefined {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    return { path, problem: `is a ${typeof value}, which JSON does not have` }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (above.includes(value)) return { path, problem: 'contains itself' }
  if (above.length > DEEPEST) return { path, problem: `is nested more than ${DEEPEST} levels deep` }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
  const within = [...above, value]
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = look(item, `${path}[${index}]`, within)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const [name, inner] of Object.entries(value)) {
    const found = look(inner, path === '' ? name : `${path}.${name}`, within)
    if (found !== undefined) return found
  }
  return undefined
}
