import { randomUUID } from 'node:crypto'
import { queryObjects } from 'node:v8'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EventRecorder } from '../src/event-recorder.ts'
import { ContainerRecord } from '../src/kubelet/container-record.ts'
import { PodWorker } from '../src/kubelet/pod-worker.ts'
import type { KubeObject } from '../src/objects.ts'
import { CONFIG_MAPS, EVENTS } from '../src/store/resource-types.ts'
import { Sharing } from '../src/store/sharing.ts'
import { Store } from '../src/store/store.ts'
import { conditionOf, JOBS, PODS, shell, TestCluster } from './api-client.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** Counts what is still referred to, after a collection. */
const left = () => [PodWorker, ContainerRecord].map((kind) => queryObjects(kind, { format: 'count' }))

describe('of a pod that has ended', () => {
  it('the object and the log are kept until its Job goes, failed ones too, and nothing else', async () => {
    const script = '[ $JOB_COMPLETION_INDEX = 0 ] && { echo broken; exit 1; }; echo fine'
    const spec = { completions: 40, parallelism: 8, completionMode: 'Indexed', backoffLimitPerIndex: 0 }
    await cluster.createJob('ended', spec, { command: shell(script) })
    const [job] = (await cluster.jobUntil('ended', (each) => conditionOf(each, 'Failed') !== undefined)).slice(-1)
    expect(job?.status).toMatchObject({ succeeded: 39, failed: 1 })
    const pods = await cluster.pods('ended')
    const logs = await Promise.all(pods.map((pod) => cluster.log(pod)))
    expect(logs.toSorted()).toEqual(['broken\n', ...Array.from({ length: 39 }, () => 'fine\n')])
    expect(left()).toEqual([0, 0])
  })

  it('and of one that is taken away while it runs, nothing is left with its Job', async () => {
    await cluster.createJob('taken', { completions: 2, parallelism: 2 }, { command: shell('exec sleep 600') })
    await cluster.jobUntil('taken', ({ status }) => status.ready === 2)
    expect(left()).toEqual([2, 2])
    await cluster.call('DELETE', `${JOBS}/taken`, { propagationPolicy: 'Background' })
    const gone = new Set<string>()
    for await (const { type, object } of cluster.watch(PODS, {
      labelSelector: 'job-name=taken',
      resourceVersion: '1',
    })) {
      if (type === 'DELETED' && gone.add(object.metadata.name).size === 2) break
    }
    expect(left()).toEqual([0, 0])
  })
})

const about: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default', uid: randomUUID(), resourceVersion: '1', creationTimestamp: '' },
}

describe('a store', () => {
  it('keeps the newest events, and tells of those that go', () => {
    const store = new Store()
    const recorder = new EventRecorder(store)
    const dropped: string[] = []
    store.onChange(({ type, object }) => {
      if (type === 'DELETED') dropped.push((object as KubeObject & { message: string }).message)
    })
    const limit = EVENTS.limit ?? 0
    for (let at = 0; at < limit + 3; at++) {
      recorder.record('test', about, { type: 'Normal', reason: 'Told', message: String(at) })
    }
    const kept = store.list<KubeObject & { message: string }>(EVENTS)
    expect(kept).toHaveLength(limit)
    expect(kept.at(-1)?.message).toBe(String(limit + 2))
    expect(dropped).toEqual(['0', '1', '2'])
  })

  it('has the same objects when it has forgotten what they were before', () => {
    const store = new Store()
    const still = store.create(CONFIG_MAPS, { ...about, data: { deep: [{ a: 1 }] } } as KubeObject) as Stored
    const other = store.create(CONFIG_MAPS, { ...about, metadata: { ...about.metadata, name: 'b' } }) as Stored
    for (let at = 0; store.since(CONFIG_MAPS, 1) !== undefined; at++) {
      store.update<Stored>(CONFIG_MAPS, other, (now) => ({ ...now, data: { deep: at } }))
    }
    expect(store.list(CONFIG_MAPS)[0]).toEqual(still)
    const next = store.update<Stored>(CONFIG_MAPS, still, (now) => ({ ...now, data: { ...now.data, b: 'new' } }))
    expect(next?.data).toEqual({ deep: [{ a: 1 }], b: 'new' })
  })
})

describe('what objects share', () => {
  const make = (name: string, data: unknown) =>
    ({ ...about, metadata: { ...about.metadata, name }, data }) as unknown as Stored

  it('is one of equal parts, and changes none', () => {
    const sharing = new Sharing()
    const given = make('one', { deep: [{ a: 1 }, {}], none: undefined })
    const [one, two] = [sharing.share(given), sharing.share(make('two', { deep: [{ a: 1 }, {}] }))]
    expect(two.data).toBe(one.data)
    expect(one).toEqual(given)
    expect(JSON.stringify(one)).toBe(JSON.stringify(given))
    expect(two.metadata.name).toBe('two')
  })

  it('is no part of thousands of letters', () => {
    const sharing = new Sharing()
    const text = 'x'.repeat(3000)
    const both = [make('one', { deep: [text] }), make('two', { deep: [text] })].map((each) => sharing.share(each))
    expect(both.map(({ data }) => data)).toEqual([{ deep: [text] }, { deep: [text] }])
  })

  it('is not mixed up, however many parts came since', () => {
    const sharing = new Sharing()
    const both = [make('one', { deep: ['1'] }), make('two', { deep: ['2'] })].map((each) => sharing.share(each))
    for (let at = 0; at < 3000; at++) sharing.share(make(`other-${at}`, { deep: [`other ${at}`] }))
    const changed = both.map((each) => sharing.share({ ...each, data: { ...each.data, b: 'new' } }))
    expect(changed.map(({ data }) => data)).toEqual([
      { deep: ['1'], b: 'new' },
      { deep: ['2'], b: 'new' },
    ])
  })

  it.each<[string, unknown, unknown]>([
    ['a list, an object', [1], { 0: 1 }],
    ['a number, its text', { a: 1 }, { a: '1' }],
    ['an empty list, an empty object', { a: [] }, { a: {} }],
    ['a list of a list, a list of what it stands for', { a: [[]] }, { a: [[1]] }],
    ['null, nothing', { a: null }, {}],
    ['one name, another', { a: 'b' }, { b: 'b' }],
    ['one, one more', { a: 'b' }, { a: 'b', c: 'd' }],
  ])('is not what differs: %s', (_, first, second) => {
    const sharing = new Sharing()
    const shared = [make('first', first), make('second', second)].map((each) => sharing.share(each).data)
    expect(shared).toEqual([first, second])
  })
})

interface Stored extends KubeObject {
  readonly data: { readonly deep: unknown; readonly b?: unknown }
}
