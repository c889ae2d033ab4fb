import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** https://verdaccio.org. It is no dependency of the repository: its packages would be half of them. */
const VERDACCIO = 'verdaccio@6.10.4'
/** Milliseconds that it may take to start. */
const START_MS = 60_000

interface Registry extends AsyncDisposable {
  readonly url: string
  /** The variables by which npm publishes there. */
  readonly environment: Readonly<Record<string, string>>
}

/** A registry on loopback that holds the packages of this repository alone. Its files are in `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder)
  // It asks for node-fetch by a dist-tag, which mirrors of npm may not keep.
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "overrides": { "node-fetch": "2.7.0" } }\n')
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
  execFileSync('npm', ['install', ...options, VERDACCIO], { cwd: folder, stdio: 'pipe' })
  const listen = `127.0.0.1:${await freePort()}`
  const config = {
    storage: './storage',
    packages: { '@podqueue/*': { access: '$all', publish: '$all' } },
    log: { type: 'stdout', level: 'warn' },
  }
  // JSON is YAML too.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  const url = `http://${listen}/`
  const userConfig = join(folder, 'npmrc')
  // npm publishes to no registry without a token; this one takes any.
  writeFileSync(userConfig, `registry=${url}\n//${listen}/:_authToken=rehearsal\n`)
  const args = [join(folder, 'node_modules/verdaccio/bin/verdaccio'), '--config', 'config.yaml', '--listen', listen]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = once(child, 'exit')
  const close = async (): Promise<void> => {
    child.kill()
    await exited
  }
  const deadline = Date.now() + START_MS
  while (!(await answers(url))) {
    if (child.exitCode === null && Date.now() < deadline) await sleep(200)
    else {
      await close()
      throw new Error(`${VERDACCIO} does not answer at ${url}`)
    }
  }
  return {
    url,
    environment: { NPM_CONFIG_USERCONFIG: userConfig, npm_config_registry: url },
    [Symbol.asyncDispose]: close,
  }
}

async function answers(url: string): Promise<boolean> {
  return await fetch(`${url}-/ping`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
