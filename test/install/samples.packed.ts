import { globSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed, nodeOf, OTHER_NODES, root, run, tool } from './installed.ts'

const DOCUMENTS = globSync(['README.md', 'packages/*/README.md', 'examples/*/README.md', 'docs/**/*.md'], { cwd: root })

/** The blocks of TypeScript in the documents, each as a file. */
async function shown(): Promise<Record<string, string>> {
  const blocks: Record<string, string> = {}
  for (const document of DOCUMENTS) {
    const text = await readFile(join(root, document), 'utf8')
    for (const [index, [, code]] of [...text.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
      blocks[`${document.replaceAll('/', '-')}-${index + 1}.ts`] = `${code}export {}\n`
    }
  }
  return blocks
}

async function typeCheck(sources: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(installed().alone, 'documents')
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
declare const batch: import('@podqueue/producer').Receipt
declare const producer: import('@podqueue/producer').Producer
declare const queue: import('@podqueue/producer').QueueView
declare const spec: import('@podqueue/k8s').JobSpec
declare const handler: import('@podqueue/worker').Handler<unknown>
declare function sweep(sets: object[], image: string, podUrl: string): Promise<{ scores: unknown; failures: unknown }>
declare const sets: object[]
declare function renderList(): Iterable<FrameToRender>
declare function render(what: unknown, options?: { signal: AbortSignal }): Promise<void>
declare module '@opentelemetry/sdk-node' {
  export class NodeSDK {
    constructor(options: { serviceName?: string; metricReaders?: object[] })
    start(): void
    shutdown(): Promise<void>
  }
}
declare module '@opentelemetry/exporter-prometheus' {
  export class PrometheusExporter {}
}
`

test('what the documents show compiles as it stands there', async () => {
  const blocks = await shown()
  expect(Object.keys(blocks).length).toBeGreaterThan(20)
  expect(await typeCheck({ ...blocks, 'reader.d.ts': READER })).toBe('')
})

/** Prints each file that is no module for the Node that runs it. It reads `{ name: code }`, with or without types. */
const PARSE = `
import { stripTypeScriptTypes } from 'node:module'
import { text } from 'node:stream/consumers'
import { SourceTextModule } from 'node:vm'

for (const [name, code] of Object.entries(JSON.parse(await text(process.stdin)))) {
  try {
    new SourceTextModule(stripTypeScriptTypes(code))
  } catch (error) {
    console.log(name + ': ' + error.message)
  }
}
`

test.runIf(OTHER_NODES.length > 0)(
  'the oldest Node can read every sample and the code of every example as it is',
  async () => {
    const examples = globSync('examples/**/*.ts', {
      cwd: root,
      exclude: ['**/node_modules/**', '**/test/**', '**/demo/**', '**/{demo,laptop}.ts'],
    })
    // The demos around them run on the Node that `npm ci` brings.
    expect(examples.length).toBeGreaterThan(6)
    const sources: Record<string, string> = await shown()
    for (const path of examples) sources[path] = await readFile(join(root, path), 'utf8')
    const args = ['--no-warnings', '--experimental-vm-modules', '--input-type=module', '--eval', PARSE]
    const parsed = await run(nodeOf('node-22'), args, { cwd: root, stdin: JSON.stringify(sources) })
    expect(parsed).toEqual({ code: 0, stdout: '', stderr: '' })
  },
)
