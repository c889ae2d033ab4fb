import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { type Installed, PACKAGES } from './installed.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

let folder: string | undefined

/** Packs the three packages and installs them twice, for all tests of this folder: as in an app without others, and beside every tool. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-install-'))
  const alone = join(folder, 'alone')
  const beside = join(folder, 'beside')
  await Promise.all([mkdir(alone), mkdir(beside)])
  const packed = await Promise.all(PACKAGES.map((name) => pack(name, folder ?? '')))
  const tarballs = packed.map(({ tarball }) => tarball)
  await writeFile(join(alone, 'package.json'), '{ "private": true }\n')
  await copyFile(join(root, 'test/install/project/package.json'), join(beside, 'package.json'))
  await npmInstall(alone, [...tarballs, '@types/node@22'])
  // Optional: an app installs them to use the entry that is about them.
  const peers = packed.flatMap(({ peers }) => Object.entries(peers).map(([name, range]) => `${name}@${range}`))
  if (peers.length > 0) await npmInstall(alone, peers)
  await npmInstall(beside, [...tarballs, ...peers])
  const files = Object.fromEntries(packed.map((one) => [one.name, one.files]))
  const installed: Installed = { alone, beside, files }
  project.provide('installed', installed)
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
}

async function pack(name: string, to: string) {
  const cwd = join(root, 'packages', name)
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', to], { cwd })
  const answer = JSON.parse(stdout)
  const [{ filename, files }] = Array.isArray(answer) ? answer : Object.values(answer)
  const { peerDependencies = {} } = JSON.parse(await readFile(join(cwd, 'package.json'), 'utf8'))
  return {
    name,
    tarball: join(to, filename.replace('@', '').replace('/', '-')),
    files: files.map(({ path }: { path: string }) => path) as string[],
    peers: peerDependencies as Record<string, string>,
  }
}

async function npmInstall(cwd: string, what: readonly string[]): Promise<void> {
  // Without scripts of others: a tool that needs one brings its program in a package for the platform as well.
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--loglevel=error']
  await run('npm', ['install', ...options, ...what], { cwd })
}
