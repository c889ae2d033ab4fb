import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findOnPath } from './server-program.ts'
import { type WayContext, WayFailed } from './way.ts'

/**
 * Installs the package `$1`. Debian starts the services of what it installs, unless /usr/sbin/policy-rc.d forbids it
 * (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt): ours does while apt-get runs, if there is none.
 * This shell removes it again, not we: it also does so when we are killed. It takes no signal, since an interrupted dpkg
 * leaves packages half configured.
 */
const INSTALL = `
trap '' INT HUP PIPE
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$1"
`
/** Fetches everything first: this part may be interrupted. */
const DOWNLOAD = `
apt-get -q -o DPkg::Lock::Timeout=120 update &&
apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends --download-only "$1"
`

/** Why apt-get cannot install anything here; undefined when it can. */
export async function aptIsUsable(): Promise<string | undefined> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (!/^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(system)) return 'this is neither Debian nor Ubuntu'
  if ((await findOnPath('apt-get')) === undefined) return 'there is no apt-get here'
  if (process.getuid?.() !== 0) return 'only root may install packages'
  return undefined
}

/**
 * Installs a Debian package, without what it recommends and without starting its services.
 *
 * @throws WayFailed with apt-get's last words; the signal's reason when it aborts before the installation itself has begun.
 */
export async function aptInstall(
  name: string,
  { announce, signal, expectedSeconds }: WayContext & { readonly expectedSeconds: number },
): Promise<void> {
  announce(`apt-get: installing ${name} (once, about ${expectedSeconds} s, no service is started)`)
  await shell(DOWNLOAD, name, signal)
  signal?.throwIfAborted()
  await shell(INSTALL, name, undefined)
  signal?.throwIfAborted()
}

async function shell(script: string, argument: string, signal: AbortSignal | undefined): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'podqueue-apt-'))
  const output = await open(join(directory, 'output'), 'w+')
  try {
    // A file without a name: it vanishes with its last reader, and apt-get writes on even if we are gone.
    await rm(directory, { recursive: true })
    const child = spawn('/bin/sh', ['-c', script, 'sh', argument], {
      // Out of reach of the terminal's Ctrl-C.
      detached: true,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
      stdio: ['ignore', output.fd, output.fd],
    })
    const stop = () => killGroup(child.pid)
    signal?.addEventListener('abort', stop)
    const [code] = await once(child, 'exit').finally(() => signal?.removeEventListener('abort', stop))
    signal?.throwIfAborted()
    if (code !== 0) throw new WayFailed(`${argument} cannot be installed: ${await lastWords(output)}`)
  } finally {
    await output.close()
  }
}

async function lastWords(output: Awaited<ReturnType<typeof open>>): Promise<string> {
  const { size } = await output.stat()
  const { buffer } = await output.read(Buffer.alloc(size), 0, size, 0)
  const lines = buffer
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const errors = lines.filter((line) => /^(E|Err):/.test(line))
  return (errors.length > 0 ? errors : lines).slice(-2).join(' | ') || 'it wrote nothing'
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGTERM')
  } catch {
    // It has ended by itself.
  }
}
