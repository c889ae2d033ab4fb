import type { Import } from './imports.ts'

/** Files or folders beside each other of which each needs the next, and the last one the first. */
export interface Circle {
  /** The folder that holds them. */
  readonly within: string
  /** Their names in that folder, in the order of the circle; the first is not repeated. */
  readonly names: readonly string[]
  /** For each step of the circle, one import that makes it. */
  readonly imports: readonly Import[]
}

/**
 * The circles among the children of each folder: a folder stands for all files in it. So a reader can take a folder for one
 * thing, with a place below those that use it and above those that it uses.
 *
 * Types count as well, with one exception: a file beside folders may use their types and be used by them, as the list of all
 * errors does, whose facts are of types from all over the package.
 */
export function circles(imports: readonly Import[]): Circle[] {
  const graphs = new Map<string, Map<string, Map<string, Import>>>()
  for (const one of imports) {
    if (one.to === undefined) continue
    const step = parting(one.from, one.to)
    if (step === undefined || (one.isType && isFile(step.from) !== isFile(step.to))) continue
    const graph = graphs.get(step.within) ?? new Map<string, Map<string, Import>>()
    graphs.set(step.within, graph)
    const targets = graph.get(step.from) ?? new Map<string, Import>()
    graph.set(step.from, targets)
    if (!targets.has(step.to)) targets.set(step.to, one)
  }
  return [...graphs].flatMap(([within, graph]) => circlesIn(graph).map((names) => circle(within, names, graph)))
}

/** The folder in which the paths of two files part, and the children of it that they lie in. */
function parting(from: string, to: string): { within: string; from: string; to: string } | undefined {
  const [one, other] = [from.split('/'), to.split('/')]
  const at = one.findIndex((part, index) => part !== other[index])
  const [oneName, otherName] = [one[at], other[at]]
  if (oneName === undefined || otherName === undefined) return undefined
  return { within: one.slice(0, at).join('/') || '.', from: oneName, to: otherName }
}

function isFile(name: string): boolean {
  return name.includes('.')
}

/** One circle for each group of children that all reach each other. */
function circlesIn(graph: ReadonlyMap<string, ReadonlyMap<string, Import>>): string[][] {
  const found: string[][] = []
  const seen = new Set<string>()
  for (const start of [...graph.keys()].toSorted()) {
    if (seen.has(start)) continue
    const way = shortestWayBack(graph, start)
    if (way === undefined) continue
    for (const name of way) seen.add(name)
    found.push(way)
  }
  return found
}

function shortestWayBack(graph: ReadonlyMap<string, ReadonlyMap<string, Import>>, start: string): string[] | undefined {
  const ways: string[][] = [[start]]
  const reached = new Set<string>()
  for (const way of ways) {
    for (const next of graph.get(way.at(-1) ?? '')?.keys() ?? []) {
      if (next === start) return way
      if (reached.has(next)) continue
      reached.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

function circle(
  within: string,
  names: readonly string[],
  graph: ReadonlyMap<string, ReadonlyMap<string, Import>>,
): Circle {
  const imports = names.map((name, index) => graph.get(name)?.get(names[(index + 1) % names.length] ?? ''))
  return { within, names, imports: imports.filter((one) => one !== undefined) }
}
