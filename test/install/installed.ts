import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))
export const PACKAGES = ['producer', 'worker', 'k8s'] as const

/** Two folders outside of the repository in which the packed packages are installed. */
export interface Installed {
  /** Nothing besides, but the types of Node and what a package wishes for as a peer. */
  readonly alone: string
  /** Beside compilers, test runners, bundlers and other runtimes. */
  readonly beside: string
  /** The files of each package, by its name without the scope. */
  readonly files: Readonly<Record<string, readonly string[]>>
}

declare module 'vitest' {
  interface ProvidedContext {
    installed: Installed
    brokerUrl: string
  }
}

export const installed = (): Installed => inject('installed')

/** The address of the broker of this run. */
export const brokerUrl = (): string => inject('brokerUrl')

/** A tool of the project in which everything is installed. */
export const tool = (path: string): string => join(installed().beside, 'node_modules', path)

/** All that an app can import, such as `@podqueue/k8s/local`: the exports of each package.json. */
export const ENTRIES: readonly string[] = PACKAGES.flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  const paths = Object.keys(exports).filter((path) => !path.endsWith('.json'))
  return paths.map((path) => `@podqueue/${name}${path.slice(1)}`)
})

/** The oldest Node of `engines`, and the newest. npm has both for this platform alone. */
export const OTHER_NODES: readonly string[] =
  process.platform === 'linux' && process.arch === 'x64' ? ['node-22', 'node-26'] : []

/** The program of one of {@link OTHER_NODES}. */
export const nodeOf = (name: string): string => tool(`${name}/bin/node`)

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

/** Runs a program to its end, with `env` and otherwise as in a new shell. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env = {}, stdin = '' }: RunOptions,
): Promise<Ran> {
  const { PATH = '', HOME = '' } = process.env
  const options = { cwd, env: { PATH, HOME, ...env }, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }
  return await new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
    child.stdin?.end(stdin)
  })
}
