import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startLocalCluster } from '../src/index.ts'
import { isAlive, JOBS, PODS, shell, TestCluster } from './api-client.ts'

const SLEEPER = 'sleep 600 & setsid sleep 600 & echo $! $$$$; wait'

async function pidsOf(cluster: TestCluster, job: string): Promise<number[]> {
  await cluster.createJob(job, {}, { command: shell(SLEEPER) })
  const pod = await cluster.podThat(job, ({ status }) => status.phase === 'Running')
  let text = ''
  while (!text.endsWith('\n')) text = await cluster.log(pod)
  const pids = text.trim().split(' ').map(Number)
  for (const pid of pids) expect(await isAlive(pid)).toBe(true)
  return pids
}

/** Two seconds are promised, of which one is the pods' grace. A busy machine may need more, and this measures nothing. */
const PATIENCE = { timeout: 20_000, interval: 20 }

async function areGone(pids: readonly number[]): Promise<void> {
  await expect.poll(async () => (await Promise.all(pids.map(isAlive))).includes(true), PATIENCE).toBe(false)
}

describe('a local cluster', () => {
  it('leaves no process, no file and no open watch when it is closed', async () => {
    const cluster = await TestCluster.start()
    const { kubeconfigPath } = cluster.cluster
    expect((await stat(dirname(kubeconfigPath))).mode & 0o777).toBe(0o700)
    expect((await stat(kubeconfigPath)).mode & 0o777).toBe(0o600)
    const pids = await pidsOf(cluster, 'left')
    const watching = (async () => {
      for await (const _ of cluster.watch('/api/v1/pods')) {
        // Until the server ends it.
      }
    })()
    const ended = watching.then(
      () => 'ended',
      () => 'cut off',
    )
    await Promise.all([cluster.cluster.close(), cluster.cluster.close()])
    expect(await ended).toBe('cut off')
    for (const pid of pids) expect(await isAlive(pid)).toBe(false)
    expect(existsSync(dirname(kubeconfigPath))).toBe(false)
    await cluster[Symbol.asyncDispose]()
  })

  it('leaves no process and no file when its owner is killed, and the next start is clean', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'owner-'))
    const program = join(folder, 'owner.mts')
    const source = fileURLToPath(new URL('./api-client.ts', import.meta.url))
    await writeFile(
      program,
      `import { TestCluster, shell } from ${JSON.stringify(source)}
      const cluster = await TestCluster.start()
      await cluster.createJob('a', { parallelism: 2 }, { command: shell(${JSON.stringify(`trap "" TERM; ${SLEEPER}; sleep 600`)}) })
      const pod = await cluster.podThat('a', ({ status }) => status.phase === 'Running')
      let text = ''
      while (!text.endsWith('\\n')) text = await cluster.log(pod)
      console.log(cluster.cluster.kubeconfigPath)
      console.log(text.trim())
      setInterval(() => {}, 1000)`,
    )
    const owner = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines: string[] = []
    for await (const line of createInterface({ input: owner.stdout })) if (lines.push(line) === 2) break
    const [path = '', numbers = ''] = lines
    const pids = numbers.split(' ').map(Number)
    for (const pid of pids) expect(await isAlive(pid)).toBe(true)
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    await areGone(pids)
    await expect.poll(() => existsSync(dirname(path)), PATIENCE).toBe(false)
    await rm(folder, { recursive: true })
    await using next = await TestCluster.start()
    for (const list of [JOBS, PODS, '/api/v1/events']) {
      expect((await next.call('GET', list)).body.items).toEqual([])
    }
  })

  it('ends its pods when its supervisor is killed, and can be closed', async () => {
    const cluster = await TestCluster.start()
    const pids = await pidsOf(cluster, 'lost')
    const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=', '-p', String(pids[1])])
    process.kill(Number(stdout), 'SIGKILL')
    await areGone(pids)
    await cluster[Symbol.asyncDispose]()
  })

  it('reports every problem of its options at once', async () => {
    const start = startLocalCluster({
      images: { a: [], b: { entrypoint: ['x'], programs: [] as never } },
      backoffScale: 7,
      cwd: '',
    })
    await expect(start).rejects.toMatchObject({ name: 'K8sError', code: 'INVALID_OPTIONS' })
    await expect(start).rejects.toThrow(/images\['a'\][\s\S]*images\['b'\]\.programs[\s\S]*backoffScale[\s\S]*cwd/)
  })
})
