import { expect } from 'vitest'
import type { Job } from '../../../src/objects/objects.ts'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import type { Behaviours } from './behaviours.ts'

const suspended = { suspend: true }

export const watches: Behaviours = {
  'sees every change from the resourceVersion that it starts with, in order': async (cluster) => {
    const map = await cluster.create('configmaps', { metadata: { name: 'watched' }, data: { step: '0' } })
    for (const step of ['1', '2']) {
      await cluster.call('PUT', cluster.path('configmaps', 'watched'), {
        metadata: { name: 'watched' },
        data: { step },
      })
    }
    await cluster.call('DELETE', cluster.path('configmaps', 'watched'))
    await cluster.create('configmaps', { metadata: { name: 'watched' }, data: { step: '3' } })
    const query = { fieldSelector: 'metadata.name=watched', resourceVersion: map.metadata.resourceVersion }
    const seen: string[] = []
    for await (const { type, object } of cluster.client.watch(cluster.path('configmaps'), query)) {
      seen.push(`${type} ${(object as unknown as { data: { step: string } }).data.step}`)
      if (seen.at(-1) === 'ADDED 3') break
    }
    expect(seen).toEqual(['MODIFIED 1', 'MODIFIED 2', 'DELETED 2', 'ADDED 3'])
  },

  'goes on from any resourceVersion that it has seen': async (cluster) => {
    const job = await cluster.createJob('resumed-watch', { completions: 2 })
    const states = await job.until((state) => state.status.completionTime !== undefined)
    const middle = states[1]?.metadata.resourceVersion ?? ''
    const query = { fieldSelector: 'metadata.name=resumed-watch', resourceVersion: middle }
    const versions: string[] = []
    for await (const { object } of cluster.client.watch<Job>(cluster.path('jobs'), query)) {
      versions.push(object.metadata.resourceVersion)
      if (object.status.completionTime !== undefined) break
    }
    expect(versions).toEqual(states.slice(2).map(({ metadata }) => metadata.resourceVersion))
  },

  'without a resourceVersion begins with what is there': async (cluster) => {
    await cluster.createJob('present', suspended)
    const query = { fieldSelector: 'metadata.name=present' }
    for await (const { type, object } of cluster.client.watch(cluster.path('jobs'), query)) {
      expect({ type, name: object.metadata.name }).toEqual({ type: 'ADDED', name: 'present' })
      break
    }
  },

  'of nothing has its headers at once': async (cluster) => {
    const query = { watch: 'true', fieldSelector: 'metadata.name=nobody', timeoutSeconds: '60' }
    expect(await cluster.client.headersOf(cluster.path('jobs'), query)).toBe(200)
    const from = { ...query, resourceVersion: '0' }
    expect(await cluster.client.headersOf(cluster.path('jobs'), from)).toBe(200)
  },

  'sees the versions of each object ascend, and ends with what the server has': async (cluster) => {
    const names = ['turn-a', 'turn-b', 'turn-c']
    const version = (await cluster.call('GET', cluster.path('configmaps'))).body.metadata.resourceVersion
    const write = async (writer: number): Promise<void> => {
      for (let step = 0; step < 40; step++) {
        const name = names[(step * 7 + writer) % names.length] ?? ''
        const body = { metadata: { name, labels: { turn: 'yes' } }, data: { by: `${writer}-${step}` } }
        const path = cluster.path('configmaps', name)
        const kind = (step + writer) % 4
        if (kind === 0) await cluster.call('DELETE', path)
        else if (kind === 1) await cluster.call('POST', cluster.path('configmaps'), body)
        else await cluster.call('PUT', path, body)
      }
    }
    const watching = async (from: string): Promise<Map<string, string>> => {
      const held = new Map<string, string>()
      let last = 0
      for await (const { type, object } of cluster.client.watch(cluster.path('configmaps'), {
        resourceVersion: from,
      })) {
        const { name, resourceVersion } = object.metadata
        if (name === 'turn-over') return held
        expect(Number(resourceVersion)).toBeGreaterThan(last)
        last = Number(resourceVersion)
        if (type === 'DELETED') held.delete(name)
        else held.set(name, resourceVersion)
      }
      throw new Error('the watch ended too soon')
    }
    const watchers = [1, 2, 3].map(() => watching(version))
    await Promise.all([1, 2, 3, 4].map(write))
    const { items } = (await cluster.call('GET', `${cluster.path('configmaps')}?labelSelector=turn%3Dyes`)).body
    await cluster.create('configmaps', { metadata: { name: 'turn-over' } })
    for (const held of await Promise.all(watchers)) {
      const own = [...held].filter(([name]) => names.includes(name))
      expect(new Map(own)).toEqual(
        new Map(
          items.map(({ metadata }: { metadata: { name: string; resourceVersion: string } }) => [
            metadata.name,
            metadata.resourceVersion,
          ]),
        ),
      )
    }
  },

  'ends by itself after timeoutSeconds': async (cluster) => {
    const query = { fieldSelector: 'metadata.name=nobody', timeoutSeconds: '1' }
    for await (const { type } of cluster.client.watch(cluster.path('jobs'), query)) expect(type).toBe('never')
  },

  'by labels sees an object that gets them as ADDED, and one that loses them as DELETED': async (cluster) => {
    const job = await cluster.createJob('moving', suspended)
    const query = { labelSelector: 'moving=yes', resourceVersion: job.created.metadata.resourceVersion }
    await job.patch({ metadata: { labels: { moving: 'yes' } } })
    await job.patch({ metadata: { annotations: { step: '2' } } })
    await job.patch({ metadata: { labels: { moving: null } } })
    const seen: string[] = []
    for await (const { type } of cluster.client.watch(cluster.path('jobs'), query)) {
      if (type !== seen.at(-1)) seen.push(type)
      if (type === 'DELETED') break
    }
    expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
  },

  'with sendInitialEvents says by a bookmark where what was there ends': async (cluster) => {
    await cluster.createJob('initial', suspended)
    const query = {
      fieldSelector: 'metadata.name=initial',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    }
    const seen: string[] = []
    for await (const { type, object } of cluster.client.watch(cluster.path('jobs'), query)) {
      seen.push(type)
      if (type !== 'BOOKMARK') continue
      expect(object).toMatchObject({ kind: 'Job', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } })
      break
    }
    expect(seen).toEqual(['ADDED', 'BOOKMARK'])
  },

  'of pods sees the steps of each of them': async (cluster) => {
    const job = await cluster.createJob('steps-seen', { completions: 2, parallelism: 2 }, shell(UNTIL_TERM))
    const phases = new Map<string, string[]>()
    const watching = (async () => {
      const query = { labelSelector: `job-name=${job.name}`, resourceVersion: job.created.metadata.resourceVersion }
      for await (const { object } of cluster.client.watch(cluster.path('pods'), query)) {
        const { phase } = object.status as { phase: string }
        const steps = phases.get(object.metadata.name) ?? []
        if (phase !== steps.at(-1)) phases.set(object.metadata.name, [...steps, phase])
        if (phases.size === 2 && [...phases.values()].every((each) => each.includes('Succeeded'))) break
      }
    })()
    await job.state(({ status }) => status.ready === 2)
    for (const pod of await job.pods()) await job.says(pod, 'ready')
    await job.patch({ spec: { suspend: true } })
    await watching
    for (const steps of phases.values()) expect(steps).toEqual(['Pending', 'Running', 'Succeeded'])
  },
}
