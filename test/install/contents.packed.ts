import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed, PACKAGES, root, run, tool } from './installed.ts'

const { alone, files: packed } = installed()

async function typeCheck(sources: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(alone, 'documents')
  await mkdir(folder)
  for (const [name, source] of Object.entries(sources)) await writeFile(join(folder, name), source)
  const compilerOptions = {
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(sources) }))
  return (await run(process.execPath, [tool('typescript-7/bin/tsc'), '--project', folder], { cwd: folder })).stdout
}

/** Declarations that the documents leave to their reader. */
const READER = `
interface FrameToRender { id: string; length: number }
type AnySchema = NonNullable<import('@podqueue/producer').PublishOptions['schema']>
declare const Frame: AnySchema & { '~standard': { types?: { input: FrameToRender; output: FrameToRender } } }
declare const confirmed: number
declare const producer: import('@podqueue/producer').Producer
declare const queue: import('@podqueue/producer').QueueView
declare const spec: import('@podqueue/k8s').JobSpec
declare const handler: import('@podqueue/worker').Handler<unknown>
declare function renderList(): Iterable<FrameToRender>
declare function render(what: unknown, options?: { signal: AbortSignal }): Promise<void>
declare module '@opentelemetry/api' {
  export const context: { active(): object }
  export const propagation: { inject(context: object, carrier: object): void }
}
`

test('what the documents show compiles as it stands there', async () => {
  const documents = ['README.md', ...PACKAGES.map((name) => `packages/${name}/README.md`), 'docs/operations.md']
  const shown: Record<string, string> = {}
  for (const document of documents) {
    const text = await readFile(join(root, document), 'utf8')
    for (const [index, [, code]] of [...text.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
      shown[`${document.replaceAll('/', '-')}-${index + 1}.ts`] = `${code}export {}\n`
    }
  }
  expect(Object.keys(shown).length).toBeGreaterThan(documents.length)
  expect(await typeCheck({ ...shown, 'reader.d.ts': READER })).toBe('')
})

test('the command runs', async () => {
  const { stdout } = await run(join(alone, 'node_modules/.bin/podqueue-worker'), ['--version'], { cwd: alone })
  const { version } = JSON.parse(await readFile(join(root, 'packages/worker/package.json'), 'utf8'))
  expect(stdout.trim()).toBe(version)
})

test.each(PACKAGES)('%s holds what it needs and nothing else', (name) => {
  const files = packed[name] ?? []
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
  )
  expect(files.filter((path) => !/^(dist\/|README\.md$|LICENSE$|package\.json$)/.test(path))).toEqual([])
})

/** The package that a file within node_modules belongs to: the last one in its path. */
const PACKAGE = /^.*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//

/** The packages that are bundled into a file, by the source map of the build, else by the bundler's comments above their code. */
async function bundledInto(file: string): Promise<string[]> {
  const paths = existsSync(`${file}.map`)
    ? (JSON.parse(await readFile(`${file}.map`, 'utf8')).sources as string[])
    : [...(await readFile(file, 'utf8')).matchAll(/^[ \t]*\/\/(?:#region)? (.*node_modules\/.*)$/gm)].map(
        ([, path]) => path ?? '',
      )
  return paths.map((path) => PACKAGE.exec(path)?.[1]).filter((name) => name !== undefined)
}

/** One package at least that each of them is known to bundle: a test that sees none has lost sight of the build. */
const KNOWN: Readonly<Record<(typeof PACKAGES)[number], readonly string[]>> = {
  producer: [],
  worker: ['amqplib', 'commander', 'is-network-error', 'p-retry'],
  k8s: ['log-update', 'picocolors', 'selfsigned'],
}

test.each(PACKAGES)('%s carries the licence of everything that is bundled into it', async (name) => {
  const folder = join(root, 'packages', name)
  const files = (packed[name] ?? []).map((path) => join(folder, path))
  const bundled = new Set(
    (await Promise.all(files.filter((path) => path.endsWith('.js')).map((path) => bundledInto(path)))).flat(),
  )
  const file = join(alone, 'node_modules/@podqueue', name, 'dist/THIRD-PARTY-LICENSES.md')
  const named = [...(await readFile(file, 'utf8').catch(() => '')).matchAll(/^## (.+)$/gm)].map(([, title]) => title)
  expect([...bundled].filter((one) => !named.includes(one))).toEqual([])
  expect(KNOWN[name].filter((one) => !named.includes(one))).toEqual([])
  if (KNOWN[name].length === 0) expect([...bundled]).toEqual([])
})
