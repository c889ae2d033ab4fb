import { fileURLToPath } from 'node:url'
import { type Circle, circles } from './circles.ts'
import { sourceImports } from './imports.ts'
import { forbidden } from './rules.ts'

// A part of `npm run lint`: checks the imports of all sources. With a folder as argument, of the repository there.
const root = process.argv[2] ?? fileURLToPath(new URL('../../..', import.meta.url))
const imports = sourceImports(root)
const lines = [...forbidden(imports), ...circles(imports).map(describe)]
for (const line of lines) process.stderr.write(`${line}\n`)
if (imports.length === 0) process.stderr.write(`There are no sources in ${root}\n`)
process.exitCode = lines.length === 0 && imports.length > 0 ? 0 : 1

function describe({ within, names, imports: steps }: Circle): string {
  const way = [...names, names[0]].join(' -> ')
  return `A circle in ${within}: ${way}${steps.map(({ from, specifier }) => `\n  ${from} imports ${specifier}`).join('')}`
}
