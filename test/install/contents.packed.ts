import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { installed, PACKAGES, root, run } from './installed.ts'

const { alone, files: packed } = installed()

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
  expect(files.filter((path) => !/^(dist\/|README\.md$|CHANGELOG\.md$|LICENSE$|package\.json$)/.test(path))).toEqual([])
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
