import { constants } from 'node:fs'
import { access, glob } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/**
 * Where packages put the server. Debian's command on PATH (/usr/sbin) is a wrapper that switches to the user `rabbitmq`, which
 * may not read our directory. The program behind it runs as the user that starts it, so it comes first.
 */
const DEBIAN_BIN = '/usr/lib/rabbitmq/bin'
const BEHIND_A_WRAPPER = new Set(['/usr/sbin', '/usr/bin', '/sbin', '/bin'])
const SERVER_DIRECTORIES = [DEBIAN_BIN, '/opt/homebrew/sbin', '/usr/local/sbin', '/home/linuxbrew/.linuxbrew/sbin']
const ERLANG_DIRECTORIES = [
  '/usr/bin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/erlang/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/usr/lib/erlang/bin',
]
const ERLANG_RUNTIMES = ['/usr/lib/erlang/erts-*/bin', '/opt/homebrew/opt/erlang*/lib/erlang/erts-*/bin']

/** The path of the installed `rabbitmq-server`: the one on PATH, else one where packages put it. */
export async function findServer(): Promise<string | undefined> {
  const onPath = pathDirectories().flatMap((dir) => (BEHIND_A_WRAPPER.has(dir) ? [DEBIAN_BIN, dir] : [dir]))
  return await firstProgram('rabbitmq-server', [...onPath, ...SERVER_DIRECTORIES])
}

/** The path of Erlang's port mapper, which a node needs even alone. */
export async function findEpmd(): Promise<string | undefined> {
  const found = await firstProgram('epmd', [...pathDirectories(), ...ERLANG_DIRECTORIES])
  if (found !== undefined) return found
  for await (const dir of glob(ERLANG_RUNTIMES)) {
    const program = await firstProgram('epmd', [dir])
    if (program !== undefined) return program
  }
  return undefined
}

/** The path of a program on PATH. */
export async function findOnPath(name: string): Promise<string | undefined> {
  return await firstProgram(name, pathDirectories())
}

function pathDirectories(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((dir) => dir !== '')
}

async function firstProgram(name: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const program = join(directory, name)
    try {
      await access(program, constants.X_OK)
      return program
    } catch {
      // Not here: the next.
    }
  }
  return undefined
}
