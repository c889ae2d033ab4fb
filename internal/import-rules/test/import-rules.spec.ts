import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { importsOf } from '../src/index.ts'

const program = fileURLToPath(new URL('../src/check-imports.ts', import.meta.url))

/** Runs the check on a repository that has these files. */
function check(files: Readonly<Record<string, string>>): { status: number | null; stderr: string } {
  const root = mkdtempSync(join(tmpdir(), 'import-rules-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), source)
  }
  const { status, stderr } = spawnSync(process.execPath, [program, root], { encoding: 'utf8' })
  return { status, stderr }
}

const SRC = 'packages/worker/src'

test('folders that use each other in one direction are right', () => {
  expect(
    check({
      [`${SRC}/index.ts`]: "export { take } from './take/take.ts'",
      [`${SRC}/take/take.ts`]: "import { handle } from '../handle/handle.ts'\nexport const take = handle",
      [`${SRC}/handle/handle.ts`]: "import { Late } from './late.ts'\nexport const handle = Late",
      [`${SRC}/handle/late.ts`]: 'export const Late = 1',
    }),
  ).toEqual({ status: 0, stderr: '' })
})

test.each([
  [
    'of two folders',
    { 'take/a.ts': "import '../handle/a.ts'", 'handle/b.ts': "import '../take/b.ts'" },
    'handle -> take -> handle',
  ],
  [
    'of three folders',
    { 'a/x.ts': "import '../b/x.ts'", 'b/y.ts': "export * from '../c/x.ts'", 'c/z.ts': "await import('../a/z.ts')" },
    'a -> b -> c -> a',
  ],
  [
    'of types',
    { 'a/x.ts': "import type { X } from '../b/x.ts'", 'b/y.ts': "let x: import('../a/y.ts').X" },
    'a -> b -> a',
  ],
  ['of folders deep down', { 'a/b/x.ts': "import '../c/x.ts'", 'a/c/y.ts': "import '../b/y.ts'" }, 'b -> c -> b'],
  [
    'of two files',
    { 'a/x.ts': "import type { Y } from './y.ts'", 'a/y.ts': "import type { X } from './x.ts'" },
    'x.ts -> y.ts -> x.ts',
  ],
  [
    'through a file beside the folders',
    { 'a/x.ts': "import '../m.ts'", 'm.ts': "import './b/x.ts'", 'b/y.ts': "import '../a/y.ts'" },
    'a -> m.ts -> b -> a',
  ],
])('a circle %s is found, and each import that makes it', (_, files, way) => {
  const { status, stderr } = check(
    Object.fromEntries(Object.entries(files).map(([path, source]) => [`${SRC}/${path}`, source])),
  )
  expect(stderr).toContain(way)
  for (const path of Object.keys(files)) expect(stderr).toContain(`${SRC}/${path} imports `)
  expect(status).toBe(1)
})

test('a list of types beside the folders that they come from is no circle', () => {
  expect(
    check({
      [`${SRC}/errors.ts`]: "import type { Item } from './handle/item.ts'\nexport class E {}",
      [`${SRC}/handle/handle.ts`]: "import { E } from '../errors.ts'\nexport const e = E",
    }),
  ).toEqual({ status: 0, stderr: '' })
})

test.each([
  ['packages/worker/src/a.ts', "import '@podqueue/producer'", 'the packages never import each other'],
  ['packages/k8s/src/a.ts', "import type { Fault } from '@internal/amqp'", 'k8s knows nothing of AMQP'],
  ['packages/k8s/src/a.ts', "await import('amqplib')", 'k8s knows nothing of AMQP'],
  ['packages/producer/src/a.ts', "import 'undici'", 'know nothing of Kubernetes'],
  ['packages/k8s/src/run/a.ts', "import '@internal/local-cluster'", 'only packages/k8s/src/local.ts'],
  ['internal/local-cluster/src/a.ts', "import '@internal/contract'", 'the local cluster imports only'],
  ['internal/local-cluster/src/a.ts', "import '@internal/errors-of-others'", 'the local cluster imports only'],
  ['internal/contract/src/a.ts', "import 'node:fs'", 'has no dependencies'],
  ['packages/worker/src/a.ts', "import '../node_modules/amqplib/lib/defs.js'", 'public API only'],
  ['packages/worker/src/a.ts', "import '../../../internal/amqp/src/index.ts'", 'by its name'],
])('%s may not say %s', (path, source, reason) => {
  const { status, stderr } = check({ [path]: source })
  expect(stderr).toContain(reason)
  expect(status).toBe(1)
})

test('the imports that the rules allow are allowed', () => {
  expect(
    check({
      'packages/k8s/src/local.ts': "export * from '@internal/local-cluster'",
      'internal/local-cluster/src/a.ts': "import '@internal/quantities'\nimport 'node:fs'\nimport 'selfsigned'",
      'packages/worker/src/a.ts': "import '@internal/contract'\nimport 'amqplib'",
    }),
  ).toEqual({ status: 0, stderr: '' })
})

test('each way to import is seen, and a word in a string or a comment is not', () => {
  const source = `
    import './a.ts'
    import type { B } from './b.ts'
    export { c } from './c.ts'
    export type * from './d.ts'
    const e = await import('./e.ts')
    let f: import('./f.ts').F
    import { type G } from './g.ts'
    // import './no.ts'
    const text = "import './no.ts'"
  `
  const seen = importsOf('packages/x/src/x.ts', source).map(({ specifier, isType }) => [specifier, isType])
  expect(Object.fromEntries(seen)).toEqual({
    './a.ts': false,
    './b.ts': true,
    './c.ts': false,
    './d.ts': true,
    './e.ts': false,
    './f.ts': true,
    './g.ts': true,
  })
})

test('a repository without sources is no repository without faults', () => {
  expect(check({ 'README.md': '' }).status).toBe(1)
})
