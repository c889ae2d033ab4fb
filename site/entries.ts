import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('..', import.meta.url))

/** The guides in the order in which a newcomer needs them. Others come after them. */
const FIRST = [
  'getting-started',
  'from-amqp-tools',
  'from-bullmq-or-celery',
  'production',
  'observability',
  'sizing',
  'troubleshooting',
  'nestjs-jest-bundlers',
  'upgrading',
].map((name) => `docs/guides/${name}.md`)

/** The documents of the site, as paths in the repository. */
export function documents(): string[] {
  const guides = globSync('docs/guides/*.md', { cwd: root }).toSorted()
  const others = ['docs/*.md', 'docs/decisions/*.md'].flatMap((pattern) => globSync(pattern, { cwd: root }).toSorted())
  return [...FIRST, ...guides.filter((path) => !FIRST.includes(path)), ...others, 'SECURITY.md']
}

/** Each path by which an app can import a package, such as `@podqueue/k8s/local`, with its source. */
export function entries(): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of ['producer', 'worker', 'k8s']) {
    const folder = join(root, 'packages', name)
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    for (const path of Object.keys(exports).filter((path) => path !== './package.json')) {
      const entry = path.slice(2)
      const sources = entry === '' ? ['src/index.ts'] : [`src/${entry}.ts`, `src/${entry}/index.ts`]
      const source = sources.find((file) => existsSync(join(folder, file)))
      if (source === undefined) throw new Error(`@podqueue/${name}/${entry} has no source: ${sources.join(', ')}`)
      found.set(`@podqueue/${name}${path.slice(1)}`, join(folder, source))
    }
  }
  return found
}
