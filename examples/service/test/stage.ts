import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { uniqueName } from '@internal/testing'
import { brokerUrl } from '@internal/testing/broker-url'
import { startLocalCluster } from '@podqueue/k8s/local'
import { deleteQueue } from '@podqueue/producer'
import type { Batch, Failure, Result } from '../store.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** A service that runs: requests to it, and its end. */
export interface Service {
  /** The line that it prints when it listens. */
  readonly line: string
  readonly url: string
  end(signal: NodeJS.Signals): Promise<unknown[]>
}

/** A cluster, and a folder for the database of a service that may be started more than once. */
export async function stage() {
  await using stack = new AsyncDisposableStack()
  const prefix = uniqueName('words')
  const images = {
    'podqueue-words': [process.execPath, here('../worker.ts')],
    'podqueue-words:mended': [process.execPath, here('mended-worker.ts')],
  }
  const cluster = stack.use(await startLocalCluster({ images }))
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-test-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const kept = stack.move()
  let port = '0'
  const database = join(folder, 'batches.sqlite')
  const start = async (settings: NodeJS.ProcessEnv = {}): Promise<Service> => {
    const child = spawn(process.execPath, [here('../service.ts')], {
      env: {
        ...process.env,
        PORT: port,
        BROKER_URL: brokerUrl(),
        KUBECONFIG: cluster.kubeconfigPath,
        PREFIX: prefix,
        DATABASE: database,
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    kept.defer(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The service ended with ${code}.`)))
    const listening = once(createInterface(child.stdout), 'line') as Promise<[string]>
    const [line] = await Promise.race([listening, ended])
    ended.catch(() => {})
    const url = /http:\S+(?=,)/.exec(line)?.[0] ?? ''
    port = new URL(url).port
    const end = async (signal: NodeJS.Signals) => {
      const exited = once(child, 'exit')
      child.kill(signal)
      return await exited
    }
    return { line, url, end }
  }
  /** Deletes what a batch may have left on the broker when a test failed. */
  const sweep = (id: string): void =>
    kept.defer(() => deleteQueue(`${prefix}-${id}`, { url: brokerUrl(), discardItems: true }))
  return { prefix, cluster, database, start, sweep, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const content = typeof body === 'string' ? body : JSON.stringify(body)
  return await fetch(`${url}/batches`, {
    method: 'POST',
    body: content,
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/** Posts items that must be accepted. Returns the id of the batch. */
export async function accepted(url: string, items: readonly string[], parallelism = 1): Promise<string> {
  const answer = await post(url, { items, parallelism })
  if (answer.status !== 202) throw new Error(await answer.text())
  return ((await answer.json()) as Batch).id
}

export async function get<T = Batch>(url: string, path: string): Promise<T> {
  return (await (await fetch(url + path)).json()) as T
}

export async function resultsOf(url: string, id: string): Promise<readonly Result[]> {
  return (await get<{ results: Result[] }>(url, `/batches/${id}/results?limit=1000`)).results
}

export async function failuresOf(url: string, id: string): Promise<readonly Failure[]> {
  return (await get<{ failures: Failure[] }>(url, `/batches/${id}/failures`)).failures
}

export const UNTIL = { timeout: 100_000, interval: 100 }
