import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { createJobClient } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { expect, test } from 'vitest'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const FRAMES = Array.from({ length: 12 }, (_, index) => `frame-${String(index).padStart(2, '0')}`)

/** A broker's queue, a cluster and folders, for a service that may be started more than once. */
async function stage() {
  await using stack = new AsyncDisposableStack()
  const queue = stack.use(await testQueue(false))
  const cluster = stack.use(
    await startLocalCluster({ images: { 'podqueue-frames': [process.execPath, here('../worker.ts')] } }),
  )
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const kept = stack.move()
  const start = async () => {
    const child = spawn(process.execPath, [here('../service.ts')], {
      env: {
        ...process.env,
        PORT: '0',
        BROKER_URL: brokerUrl(),
        KUBECONFIG: cluster.kubeconfigPath,
        QUEUE: queue.name,
        BATCHES_FOLDER: join(folder, 'batches'),
        FRAMES_FOLDER: folder,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    kept.defer(() => void child.kill('SIGKILL'))
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const url = /http:\S+(?=,)/.exec(line)?.[0]
    const end = async (signal: NodeJS.Signals) => {
      const exited = once(child, 'exit')
      child.kill(signal)
      return await exited
    }
    return { line, url, end }
  }
  return {
    cluster,
    start,
    rendered: async () => (await readdir(folder)).filter((name) => name.startsWith('frame-')).toSorted(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

async function post(url: string | undefined, frames: unknown): Promise<Response> {
  return await fetch(`${url}/batches`, { method: 'POST', body: JSON.stringify(frames) })
}

async function get(url: string | undefined, id: string): Promise<unknown> {
  return await (await fetch(`${url}/batches/${id}`)).json()
}

const UNTIL_DONE = { timeout: 40_000, interval: 100 }

test('a batch that is posted is rendered, and its state can be asked for', async () => {
  await using around = await stage()
  const service = await around.start()
  const answer = await post(service.url, FRAMES)
  expect(answer.status).toBe(202)
  const { id } = (await answer.json()) as { id: string }
  await expect.poll(() => get(service.url, id), UNTIL_DONE).toEqual({ state: 'done', frames: 12, failedAttempts: 0 })
  expect(await around.rendered()).toEqual(FRAMES.map((frame) => `${frame}.txt`))
  expect((await post(service.url, ['../etc'])).status).toBe(400)
  expect(await service.end('SIGTERM')).toEqual([0, null])
})

test('a service that is killed while its pods work goes on with the same Job when it is started again', async () => {
  await using around = await stage()
  const killed = await around.start()
  const { id } = (await (await post(killed.url, FRAMES)).json()) as { id: string }
  await expect.poll(async () => (await around.rendered()).length, UNTIL_DONE).toBeGreaterThan(0)
  expect(await killed.end('SIGKILL')).toEqual([null, 'SIGKILL'])

  await using jobs = createJobClient({ kubeConfig: around.cluster.kubeConfig })
  const again = await around.start()
  expect(again.line).toContain('batches to go on with: 1')
  await expect.poll(() => get(again.url, id), UNTIL_DONE).toEqual({ state: 'done', frames: 12, failedAttempts: 0 })
  expect(await around.rendered()).toEqual(FRAMES.map((frame) => `${frame}.txt`))
  // Another Job of that name would have a run id of its own.
  expect((await jobs.waitForJob('frames')).runId).toBe(id)
  expect(await again.end('SIGTERM')).toEqual([0, null])
})
