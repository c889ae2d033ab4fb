/**
 * Rehearses a release: `npm run release:rehearse`. In a clone of the last commit it makes the versions and the changelogs, builds, and publishes
 * to a registry of its own on loopback. Then it installs the packages from there by their version number and runs the tutorial with them.
 * It needs a broker as the tests do. It changes nothing in this folder, and leaves nothing behind.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBroker } from '@internal/testing'
import { startRegistry } from './registry.ts'
import { countFruits, TUTORIAL } from './tutorial.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const PACKAGES = ['producer', 'worker', 'k8s'] as const
const startedAt = performance.now()

function say(line: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  process.stdout.write(`${String(seconds).padStart(3)} s  ${line}\n`)
}

/** Runs a program and returns what it prints; a failure shows all of it. */
function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  try {
    const options = {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 2 ** 26,
    } as const
    return execFileSync(command, args, options)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  }
}

/** A copy of the last commit, with the installed modules of this folder. */
function cloneTo(clone: string): void {
  run(root, 'git', ['clone', '--quiet', '--local', root, clone])
  run(clone, 'git', ['config', 'user.name', 'rehearsal'])
  run(clone, 'git', ['config', 'user.email', 'rehearsal@localhost'])
  const manifests = run(root, 'git', ['ls-files', 'package.json', '*/package.json']).trim().split('\n')
  for (const folder of manifests.map((path) => dirname(path))) {
    const modules = join(root, folder, 'node_modules')
    if (existsSync(modules)) copy(modules, join(clone, folder, 'node_modules'))
  }
}

/** Copies a folder, by hard links where they can be made. Links between workspaces are relative: those of the copy lead into the copy. */
function copy(from: string, to: string): void {
  try {
    run(root, 'cp', ['-RPl', from, to])
  } catch {
    rmSync(to, { recursive: true, force: true })
    run(root, 'cp', ['-RP', from, to])
  }
}

const folder = mkdtempSync(join(tmpdir(), 'podqueue-release-'))
const clone = join(folder, 'clone')
const app = join(folder, 'app')
try {
  cloneTo(clone)
  say(`the commit: ${run(clone, 'git', ['log', '-1', '--format=%h %s']).trim()}`)

  run(clone, 'npm', ['run', '--silent', 'release:version'])
  const version: string = JSON.parse(readFileSync(join(clone, 'packages/worker/package.json'), 'utf8')).version
  for (const name of PACKAGES) {
    const log = readFileSync(join(clone, 'packages', name, 'CHANGELOG.md'), 'utf8')
    if (!log.includes(`\n## ${version}\n`)) throw new Error(`packages/${name}/CHANGELOG.md says nothing of ${version}`)
    say(`@podqueue/${name} ${version}: ${log.split('\n').length} lines in its changelog`)
  }
  run(clone, 'git', ['commit', '--quiet', '--all', '--no-verify', '--message', `Release ${version}`])
  // Provenance is a signature of the workflow that publishes: there is none here.
  for (const name of PACKAGES) run(join(clone, 'packages', name), 'npm', ['pkg', 'delete', 'publishConfig.provenance'])

  await using registry = await startRegistry(join(folder, 'registry'))
  say(`a registry: ${registry.url}`)
  const published = run(clone, 'npm', ['run', '--silent', 'release:publish'], { ...registry.environment, CI: 'true' })
  const tags = run(clone, 'git', ['tag', '--points-at', 'HEAD']).trim().split('\n')
  say(`published: ${tags.join(', ')}`)
  if (tags.length !== PACKAGES.length) throw new Error(`the tags of the release are ${tags.join(', ')}\n${published}`)

  mkdirSync(app)
  run(app, 'npm', ['init', '--yes'])
  run(app, 'npm', ['pkg', 'set', 'type=module'])
  writeFileSync(join(app, '.npmrc'), `@podqueue:registry=${registry.url}\n`)
  run(app, 'npm', ['install', '--no-audit', '--no-fund', ...PACKAGES.map((name) => `@podqueue/${name}@${version}`)])
  const { dependencies } = JSON.parse(run(app, 'npm', ['ls', '--json']))
  for (const [name, { version }] of Object.entries<{ version: string }>(dependencies))
    say(`installed: ${name} ${version}`)

  await using broker = await findBroker({ url: process.env.BROKER_URL, announce: (line) => say(`broker: ${line}`) })
  for (const file of ['main.ts', 'worker.ts']) copyFileSync(join(clone, 'examples/fruits', file), join(app, file))
  writeFileSync(join(app, 'tutorial.ts'), TUTORIAL)
  const printed = run(app, process.execPath, ['tutorial.ts'], { BROKER_URL: broker.url })
  say(`the tutorial: ${countFruits(printed)} fruits, each once; ${printed.trim().split('\n').at(-1)}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
