import { expect, test } from 'vitest'
import { ApiAnswer } from '../src/api/api-answer.ts'
import type { JobObject, PodObject } from '../src/api/api-objects.ts'
import type { ApiRequest, KubeApi } from '../src/api/kube-api.ts'
import { FailedPods } from '../src/trouble/failed-pods.ts'
import { forceDelete } from '../src/trouble/force-delete.ts'
import { misconfiguredAttempts } from '../src/trouble/misconfigured.ts'
import { unfinishedPods } from '../src/trouble/unfinished-pods.ts'

const job: JobObject = {
  metadata: { name: 'work', namespace: 'default', uid: 'u1', resourceVersion: '1' },
  spec: { template: { spec: {} } },
}

function podNumber(number: number, exitCode: number): PodObject {
  const name = `work-${String(number).padStart(5, '0')}`
  const state = { terminated: { exitCode, reason: 'Error' } }
  return {
    metadata: { name, uid: name, resourceVersion: String(number) },
    spec: { containers: [{ name: 'worker' }] },
    status: { phase: 'Failed', containerStatuses: [{ name: 'worker', restartCount: 0, state }] },
  }
}

/** An API server that lists these pods page by page, in the order of their names, as Kubernetes does. */
function serverWith(pods: readonly PodObject[]) {
  const requests: ApiRequest[] = []
  let forgets = false
  const api: Pick<KubeApi, 'request' | 'expect'> = {
    request: async <Answer>(request: ApiRequest) => {
      requests.push(request)
      const { limit, continue: from = '0' } = request.query ?? {}
      if (forgets && from !== '0') {
        forgets = false
        const wanted = { verb: 'list', resource: 'pods', namespace: 'default' } as const
        throw new ApiAnswer({ code: 410, body: '{"kind":"Status","message":"too old"}', wanted })
      }
      const end = Number(from) + Number(limit)
      const next = end < pods.length ? { continue: String(end) } : {}
      return { metadata: { resourceVersion: '1', ...next }, items: pods.slice(Number(from), end) } as Answer
    },
    expect: async <Answer>(request: ApiRequest) => {
      requests.push(request)
      return {} as Answer
    },
  }
  return {
    api: api as KubeApi,
    requests,
    forgetPlace: () => {
      forgets = true
    },
  }
}

const { signal } = new AbortController()

test('all pods that have not ended are read, however many there are, and none that has', async () => {
  const { api, requests } = serverWith(Array.from({ length: 1200 }, (_, number) => podNumber(number, 1)))
  const pods = await unfinishedPods(api, job, signal)
  expect(pods).toHaveLength(1200)
  for (const { query } of requests) {
    expect(query?.fieldSelector).toBe('status.phase!=Succeeded,status.phase!=Failed')
    expect(query?.labelSelector).toContain('u1')
  }
})

test('each look at the failed pods goes on where the last one stopped, at a cost that does not grow', async () => {
  // The one that says what is wrong has the last name of 2,600.
  const failed = Array.from({ length: 2600 }, (_, number) => podNumber(number, number === 2599 ? 78 : 1))
  const { api, requests } = serverWith(failed)
  const walk = new FailedPods(api)
  const found: number[] = []
  const costs: number[] = []
  for (let look = 0; look < 4; look++) {
    const before = requests.length
    found.push(misconfiguredAttempts(await walk.look(job, signal)).length)
    costs.push(requests.length - before)
  }
  expect(found).toEqual([0, 0, 1, 1])
  expect(Math.max(...costs)).toBeLessThanOrEqual(4)
  // A walk that has begun again knows what the last one saw.
  expect((await walk.look(job, signal)).total).toBe(2600)
})

test('a server that has forgotten the place in the list: the walk begins again', async () => {
  const server = serverWith(Array.from({ length: 1500 }, (_, number) => podNumber(number, number === 1499 ? 78 : 1)))
  const walk = new FailedPods(server.api)
  await walk.look(job, signal)
  server.forgetPlace()
  await expect(walk.look(job, signal)).rejects.toMatchObject({ code: 410 })
  await walk.look(job, signal)
  expect(misconfiguredAttempts(await walk.look(job, signal))).toHaveLength(1)
})

test('all pods of a lost node are deleted at once, each by its uid', async () => {
  const { api, requests } = serverWith([])
  const pods = Array.from({ length: 35 }, (_, number) => podNumber(number, 1))
  await forceDelete(api, pods, { namespace: 'default', signal })
  const deletes = requests.filter(({ verb }) => verb === 'delete')
  expect(deletes.map(({ name }) => name).toSorted()).toEqual(pods.map(({ metadata }) => metadata.name))
  for (const { name, body } of deletes)
    expect(body).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: name } })
})
