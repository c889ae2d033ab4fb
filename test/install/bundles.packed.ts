import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokerUrl, installed, run, tool } from './installed.ts'
import { CLUSTER, LOCAL, LOCAL_PRINTS, SERVICE, SERVICE_PRINTS, WORKER } from './programs.ts'
import { newQueue } from './queues.ts'

const ENTRIES = { worker: WORKER, service: SERVICE, local: LOCAL }

/** A CommonJS dependency, such as amqplib, has no `require` in a bundle of ES modules: https://github.com/evanw/esbuild/issues/1921 */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`

const WEBPACK = `
const { join } = require('node:path')
const entry = Object.fromEntries(['worker', 'service', 'local'].map((name) => [name, '../' + name + '.mjs']))
require('webpack')({
  mode: 'none',
  target: 'node22.19',
  context: __dirname,
  entry,
  output: { path: __dirname, filename: '[name].cjs' },
}, (error, stats) => {
  console.log(error ?? stats.toString({ all: false, errors: true }))
})
`

const esbuild = (...flags: string[]): readonly string[] => [
  tool('.bin/esbuild'),
  ...Object.keys(ENTRIES).map((name) => `../${name}.mjs`),
  '--bundle',
  '--platform=node',
  '--outdir=.',
  '--log-level=warning',
  ...flags,
]

/** How each makes its bundles, and the ending of their names. */
const BUNDLERS: Readonly<Record<string, { readonly command: () => readonly string[]; readonly ending: string }>> = {
  'esbuild, CommonJS': { command: () => esbuild('--format=cjs', '--out-extension:.js=.cjs'), ending: 'cjs' },
  'esbuild, ES modules': {
    command: () => esbuild('--format=esm', '--out-extension:.js=.mjs', `--banner:js=${REQUIRE}`),
    ending: 'mjs',
  },
  webpack: { command: () => [process.execPath, 'webpack.cjs'], ending: 'cjs' },
}

/** The programs without their types, which not every bundler strips. */
const plain = (code: string): string => code.replaceAll(/: (Promise<void>|string\[\])/g, '')

let cluster: ChildProcess
let kubeconfig: string
const slug = (name: string): string => name.toLowerCase().replaceAll(/\W+/g, '-')
const folderOf = (name: string): string => join(installed().beside, 'bundles', slug(name))

beforeAll(async () => {
  const folder = join(installed().beside, 'bundles')
  await mkdir(folder)
  for (const [name, code] of Object.entries(ENTRIES)) await writeFile(join(folder, `${name}.mjs`), plain(code))
  await writeFile(join(folder, 'cluster.mjs'), plain(CLUSTER))
  const images = Object.entries(BUNDLERS).map(([name, { ending }]) => [
    slug(name),
    [process.execPath, join(folderOf(name), `worker.${ending}`)],
  ])
  const env = { ...process.env, IMAGES: JSON.stringify(Object.fromEntries(images)) }
  cluster = spawn(process.execPath, ['cluster.mjs'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(cluster.stdout ?? cluster, 'data')) as [Buffer]
  kubeconfig = line.toString().trim()
})
afterAll(async () => {
  const gone = once(cluster, 'exit')
  cluster.stdin?.end()
  await gone
})

describe.each(Object.keys(BUNDLERS))('%s', (name) => {
  const { command, ending } = BUNDLERS[name] ?? { command: () => [], ending: '' }
  const runBundle = (bundle: string, env: Readonly<Record<string, string>> = {}) =>
    run(process.execPath, [`${bundle}.${ending}`], { cwd: folderOf(name), env })

  beforeAll(async () => {
    await mkdir(folderOf(name))
    await writeFile(join(folderOf(name), 'webpack.cjs'), WEBPACK)
    const [program = '', ...args] = command()
    expect(await run(program, args, { cwd: folderOf(name) })).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('ERROR'),
    })
  })

  test('a service runs a Job of workers, each in one file', async () => {
    const env = { BROKER_URL: brokerUrl(), QUEUE: newQueue(), IMAGE: slug(name), KUBECONFIG: kubeconfig }
    expect(await runBundle('service', env)).toEqual({ code: 0, stdout: SERVICE_PRINTS, stderr: '' })
  })

  test('the local cluster runs, or names the file that is missing and says what to do', async () => {
    const ran = await runBundle('local')
    if (ran.code === 0) expect(ran).toEqual({ code: 0, stdout: LOCAL_PRINTS, stderr: '' })
    else
      expect(ran.stdout).toMatch(
        /^LOCAL_CLUSTER_FAILED: the local cluster could not be started: the file \S*supervisor\.js is not there.* \| .*Keep @podqueue\/k8s out of the bundle/,
      )
  })
})

test('the local cluster runs when the package is left out of the bundle', async () => {
  const folder = join(installed().beside, 'bundles')
  const args = [
    'local.mjs',
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--outfile=external.mjs',
    '--external:@podqueue/k8s',
    '--log-level=warning',
  ]
  expect(await run(tool('.bin/esbuild'), args, { cwd: folder })).toMatchObject({ code: 0 })
  expect(await run(process.execPath, ['external.mjs'], { cwd: folder })).toEqual({
    code: 0,
    stdout: LOCAL_PRINTS,
    stderr: '',
  })
})
