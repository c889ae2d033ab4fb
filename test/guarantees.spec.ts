import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** Where the tests of each part of the page are. */
const AREAS: readonly (readonly [part: string, pattern: string])[] = [
  ['Filling the queue', 'packages/producer/test/*.ts'],
  ['Doing the work', 'packages/worker/test/*.ts'],
  ['Results', '{test/results,packages/worker/test}/*.spec.ts'],
  ['Running the Job', '{packages/k8s,examples/*}/test/**/*.ts'],
]

/** The last cell of each row of a part's table, without the head of the table. */
function testCells(part: string): string[] {
  const text =
    read('docs/guarantees.md')
      .split(/^## /m)
      .find((section) => section.startsWith(part)) ?? ''
  const rows = text.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => row.split('|').at(-2)?.trim() ?? '')
}

/** Text in which something is put in: `%s`, `$name`, `${…}`. */
const PUT_IN = /%[sidfjo]|\$\{[^}]*\}|\$\w+/

/** Strings of a source, as the names of tests are, in which something is put in. */
function templatesIn(source: string): string[] {
  return [...source.matchAll(/'([^'\n]{10,})'|`([^`\n]{10,})`/g)]
    .map(([, single, back]) => single ?? back ?? '')
    .filter((text) => PUT_IN.test(text))
}

/** Whether a name begins as the template does, up to the end of the shorter one. */
function beginsAs(name: string, template: string): boolean {
  for (let end = template.length; end > 0; end--) {
    const parts = template.slice(0, end).split(new RegExp(PUT_IN, 'g'))
    const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')
    if (parts.join('').length > 10 && new RegExp(`^${pattern}$`).test(name)) return true
  }
  return false
}

/** Whether a source has a test of that name, of which … leaves something out. */
function isIn(source: string, name: string): boolean {
  const pieces = name.split('…').filter((piece) => piece.trim() !== '')
  if (pieces.every((piece) => source.includes(piece))) return true
  return templatesIn(source).some((template) => beginsAs(pieces[0] ?? '', template))
}

test.each(AREAS)('docs/guarantees.md names, for each row of "%s", tests that exist', (part, pattern) => {
  const root = new URL('..', import.meta.url)
  const files = globSync(pattern, { cwd: root })
  const sources = files.map((file) => read(file).replaceAll("\\'", "'"))
  const cells = testCells(part)
  expect(cells.length).toBeGreaterThan(10)
  const missing = cells.flatMap((cell) => {
    const names = [...cell.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name)
    const specs = [...cell.matchAll(/`([\w.-]+\.ts)`/g)].map(([, file = '']) => file)
    if (names.length + specs.length === 0) return [`no test in: ${cell}`]
    return [
      ...names.filter((name) => !sources.some((source) => isIn(source, name))),
      ...specs.filter((spec) => !files.some((file) => file.endsWith(`/${spec}`))),
    ]
  })
  expect(missing).toEqual([])
})
