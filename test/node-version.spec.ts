import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nodeProblem, OLDEST_NODE } from '../internal/node-version/src/node-version.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = ['producer', 'worker', 'k8s']

interface Manifest {
  readonly engines: { readonly node: string }
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly bin?: Readonly<Record<string, string>>
}

function manifest(name: string): Manifest {
  return JSON.parse(readFileSync(`${root}/packages/${name}/package.json`, 'utf8'))
}

test.each(PACKAGES)('%s needs the Node that its entries check for', (name) => {
  expect(manifest(name).engines.node).toBe(`>=${OLDEST_NODE}`)
})

test('a Node is too old, or it is not', () => {
  for (const version of ['22.19.0', '22.20.1', '23.0.0', '24.1.0', '100.0.0'])
    expect(nodeProblem(version)).toBeUndefined()
  for (const version of ['22.18.9', '20.20.2', '9.9.9']) {
    expect(nodeProblem(version)).toBe(`podqueue needs Node 22.19 or newer, this is ${version}.`)
  }
})

/** A Node that is too old, as a distribution has it. */
const old = ['/usr/bin/node', '/usr/local/bin/node', '/opt/homebrew/bin/node'].find((node) => {
  if (!existsSync(node)) return false
  return nodeProblem(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.replace('v', '')) !== undefined
})
const files = PACKAGES.flatMap((name) => {
  const { exports, bin = {} } = manifest(name)
  const entries = Object.values(exports).map((entry) => (typeof entry === 'string' ? entry : entry.default))
  const modules = entries.filter((path) => path.endsWith('.js'))
  return [
    ...modules.map((path) => ({ kind: 'module', path: `packages/${name}/${path}` })),
    ...Object.values(bin).map((path) => ({ kind: 'command', path: `packages/${name}/${path}` })),
  ]
})

test.skipIf(old === undefined).each(files)(
  'on a Node that is too old, $path says so in one line and no more (skipped without such a Node)',
  ({ kind, path }) => {
    const code = `import(${JSON.stringify(`${root}/${path}`)}).catch((error) => console.log(error.code, error.stack))`
    const args = kind === 'command' ? [`${root}/${path}`, '--', 'true'] : ['--input-type=module', '--eval', code]
    const { stdout, stderr, status } = spawnSync(old ?? '', args, { encoding: 'utf8' })
    const sentence = /podqueue needs Node 22\.19 or newer, this is \d+\.\d+\.\d+\.\n$/
    if (kind === 'command')
      expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: expect.stringMatching(sentence), status: 78 })
    else expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(sentence), stderr: '' })
    expect(`${stdout}${stderr}`.trim()).not.toContain('\n')
  },
)
