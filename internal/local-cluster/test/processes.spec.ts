import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf, shell, TestCluster } from './api-client.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

const folder = () => dirname(cluster.cluster.kubeconfigPath)

function bytesUnder(path: string): number {
  if (!existsSync(path)) return 0
  const entries = readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(path, name)))
  return entries.reduce((sum, each) => sum + (each.isFile() ? each.size : 0), 0)
}

describe('the process of a container', () => {
  it('has its standard input closed', async () => {
    await cluster.createJob('reader', { backoffLimit: 0 }, { command: ['cat'] })
    expect(conditionOf(await cluster.finished('reader'), 'Complete')).toBeDefined()
  })

  it('keeps the last 20 MiB of its output at most', async () => {
    const script =
      'i=0; while [ $i -lt 300 ]; do head -c 102400 /dev/zero | tr "\\\\0" x; echo; i=$((i+1)); done; echo last'
    await cluster.createJob('loud', { backoffLimit: 0 }, { command: shell(script) })
    await cluster.finished('loud')
    const [pod] = await cluster.pods('loud')
    if (!pod) throw new Error('no pod')
    const kept = bytesUnder(join(folder(), 'logs', pod.metadata.uid))
    expect(kept).toBeGreaterThan(10 * 2 ** 20)
    expect(kept).toBeLessThanOrEqual(20 * 2 ** 20)
    expect(await cluster.log(pod, 'tailLines=1')).toBe('last\n')
  })

  it('leaves no file when it writes nothing, nor for its termination message', async () => {
    await cluster.createJob('silent', { completions: 2 }, { command: shell('echo why >"$PODQUEUE_TERMINATION_LOG"') })
    await cluster.finished('silent')
    const pods = await cluster.pods('silent')
    expect(pods).toHaveLength(2)
    for (const { metadata, status } of pods) {
      expect(status.containerStatuses?.[0]?.state.terminated?.message).toBe('why\n')
      expect(existsSync(join(folder(), 'logs', metadata.uid))).toBe(false)
    }
    expect(readdirSync(join(folder(), 'messages'))).toEqual([])
  })

  it('may write a longer termination message than the 4096 bytes that are kept', async () => {
    const script = 'head -c 100000 /dev/zero | tr "\\\\0" w >"$PODQUEUE_TERMINATION_LOG"'
    await cluster.createJob('wordy', {}, { command: shell(script) })
    await cluster.finished('wordy')
    const [pod] = await cluster.pods('wordy')
    expect(pod?.status.containerStatuses?.[0]?.state.terminated?.message).toBe('w'.repeat(4096))
  })
})

describe.skipIf(process.platform !== 'linux')('the API server', () => {
  it('listens on 127.0.0.1 and nowhere else', () => {
    const port = Number(new URL(cluster.cluster.url).port).toString(16).toUpperCase().padStart(4, '0')
    const addresses = ['tcp', 'tcp6'].flatMap((table) => {
      const rows = existsSync(`/proc/net/${table}`) ? readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n') : []
      const sockets = rows.slice(1).map((row) => row.trim().split(/\s+/))
      // 0A: a socket that listens.
      return sockets.flatMap(([, local = '', , state]) => (state === '0A' && local.endsWith(`:${port}`) ? [local] : []))
    })
    expect(addresses).toEqual([`0100007F:${port}`])
  })
})
