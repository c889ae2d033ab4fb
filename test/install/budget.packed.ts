import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed } from './installed.ts'

/** The cost of each package at most: the kilobytes that an app installs besides one library, and the number of packages with that library's. */
const BUDGETS = [
  { name: '@podqueue/producer', library: 'amqplib', kilobytes: 500, packages: 5 },
  { name: '@podqueue/worker', library: 'amqplib', kilobytes: 1000, packages: 5 },
  { name: '@podqueue/k8s', library: '@kubernetes/client-node', kilobytes: 7000, packages: 71 },
]

test.each(BUDGETS)('$name installs at most $kilobytes kB besides $library, and $packages packages', (budget) => {
  const all = closureOf(installed().alone, budget.name)
  const own = closureOf(installed().alone, budget.name, budget.library)
  const kilobytes = Math.round([...own].reduce((sum, folder) => sum + bytesIn(folder), 0) / 1000)
  process.stdout.write(`${budget.name}: ${kilobytes} kB besides ${budget.library}, ${all.size} packages\n`)
  expect(kilobytes).toBeLessThanOrEqual(budget.kilobytes)
  expect(all.size).toBeLessThanOrEqual(budget.packages)
})

/** The folder of a package and of each that it needs, but of `without` and of those that it alone needs. */
function closureOf(from: string, name: string, without?: string, found: Set<string> = new Set()): Set<string> {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const folder = places.map((place) => join(place, name)).find((path) => existsSync(join(path, 'package.json')))
  if (name === without || folder === undefined || found.has(folder)) return found
  found.add(folder)
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const dependency of Object.keys(dependencies)) closureOf(folder, dependency, without, found)
  return found
}

function bytesIn(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.parentPath.slice(folder.length).includes('node_modules'),
  )
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
