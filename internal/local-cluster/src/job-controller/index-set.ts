/** Completion indexes as a Job's status writes them: `0,2-5,9`. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue
    const [first = '', last = first] = part.split('-')
    for (let index = Number(first); index <= Number(last); index++) indexes.add(index)
  }
  return indexes
}

/** Two in a row are `4,5`, three are `4-6`, as Kubernetes writes them. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b)
  const parts: string[] = []
  for (let at = 0; at < sorted.length; at++) {
    const first = sorted[at]
    while (sorted[at + 1] === (sorted[at] ?? 0) + 1) at++
    const last = sorted[at]
    if (first === last) parts.push(`${first}`)
    else parts.push(last === (first ?? 0) + 1 ? `${first},${last}` : `${first}-${last}`)
  }
  return parts.join(',')
}
