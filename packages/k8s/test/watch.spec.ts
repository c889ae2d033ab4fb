import { afterEach, expect, test, vi } from 'vitest'
import type { JobObject } from '../src/api/api-objects.ts'
import type { ApiRequest, KubeApi } from '../src/api/kube-api.ts'
import { watch } from '../src/api/watch.ts'

afterEach(() => void vi.restoreAllMocks())

const job = (version: string): JobObject => ({
  metadata: { name: 'work', uid: 'u1', resourceVersion: version },
  spec: { template: { spec: {} } },
})

test('an event that a stream leaves out is found by a new list, at the end of the first turn after five minutes', async () => {
  const lists: ApiRequest[] = []
  let elapsedMs = 0
  const real = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => real() + elapsedMs)
  // A server whose streams end without a word, as one that has lost the Job's last event.
  const api: Pick<KubeApi, 'request' | 'stream' | 'renewCredentials'> = {
    request: async <Answer>(request: ApiRequest) => {
      lists.push(request)
      return { metadata: { resourceVersion: String(lists.length) }, items: [job(String(lists.length))] } as Answer
    },
    stream: async () => {
      elapsedMs += 151_000
      return (async function* () {})()
    },
    renewCredentials: () => {},
  }
  const stop = new AbortController()
  const options = {
    resource: 'jobs',
    namespace: 'default',
    path: '/jobs',
    unreachableMs: 1000,
    signal: stop.signal,
  } as const
  const versions: string[] = []
  try {
    for await (const event of watch<JobObject>(api as KubeApi, options)) {
      if (event.type === 'listed') versions.push(...event.items.map(({ metadata }) => metadata.resourceVersion))
      if (versions.length === 2) break
    }
  } finally {
    stop.abort()
  }
  expect(versions).toEqual(['1', '2'])
  // Two turns of 151 s: the first was too early for another list.
  expect(elapsedMs).toBe(302_000)
})
