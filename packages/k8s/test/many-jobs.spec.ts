import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { createJobClient, type JobSpec } from '../src/index.ts'
import { startLocalCluster } from '../src/local.ts'
import { gateTo } from './gate.ts'

/** Counts the requests that are sent meanwhile: undici tells of each of them. */
function requestCounter(): { readonly paths: string[]; [Symbol.dispose](): void } {
  const paths: string[] = []
  const count = (message: unknown): void => {
    const { request } = message as { readonly request: { readonly method: string; readonly path: string } }
    paths.push(`${request.method} ${request.path}`)
  }
  subscribe('undici:request:create', count)
  return { paths, [Symbol.dispose]: () => void unsubscribe('undici:request:create', count) }
}

const spec = (name: string, namespace = 'default'): JobSpec => ({
  name,
  namespace,
  image: 'any',
  command: ['true'],
  items: 1,
  queue: { name: 'job1', podUrl: 'amqp://user:password@127.0.0.1' },
})

test('100 Jobs at once over one client take at most 40 connections and 1,300 requests', {
  timeout: 300_000,
}, async () => {
  await using cluster = await startLocalCluster({ backoffScale: 0.01 })
  await using gate = await gateTo(cluster.kubeConfig)
  await using client = createJobClient({ kubeConfig: gate.kubeConfig })
  using requests = requestCounter()
  const names = Array.from({ length: 100 }, (_, index) => `work-${index}`)
  const results = await Promise.all(names.map((name) => client.runJob(spec(name))))
  expect(results.map(({ name, succeeded }) => ({ name, succeeded }))).toEqual(
    names.map((name) => ({ name, succeeded: 1 })),
  )
  expect(gate.connections).toBeLessThanOrEqual(40)
  expect(requests.paths.length).toBeLessThanOrEqual(1300)
  const reviews = requests.paths.filter((path) => path.includes('selfsubjectaccessreviews'))
  expect(new Set(requests.paths.filter((path) => path.includes('watch=true'))).size).toBeLessThanOrEqual(24)
  expect(reviews.length).toBeLessThanOrEqual(20)
  process.stdout.write(`${gate.connections} connections, ${requests.paths.length} requests\n`)
})
