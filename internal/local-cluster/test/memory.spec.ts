import { randomUUID } from 'node:crypto'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EventRecorder } from '../src/events/event-recorder.ts'
import { PodContainer } from '../src/kubelet/pod-container.ts'
import { PodWorker } from '../src/kubelet/pod-worker.ts'
import type { KubeObject, Pod } from '../src/objects/objects.ts'
import { CONFIG_MAPS, EVENTS, PODS as POD_TYPE } from '../src/store/resource-types.ts'
import { Store } from '../src/store/store.ts'
import { conditionOf, JOBS, PODS, shell, TestCluster } from './api-client.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** Counts what is still referred to, after a collection. */
const left = () => [PodWorker, PodContainer].map((kind) => queryObjects(kind, { format: 'count' }))

// A busy machine takes ten seconds to look through the heap.
describe('of a pod that has ended', { timeout: 180_000 }, () => {
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

describe('a store with thousands of ended pods', { timeout: 180_000 }, () => {
  it('keeps at most 16 KiB for each', async () => {
    await cluster.createJob('model', {}, { command: shell('true') })
    await cluster.finished('model')
    const states: Pod[] = []
    for await (const { object } of cluster.watch<Pod>(PODS, {
      labelSelector: 'job-name=model',
      resourceVersion: '1',
    })) {
      states.push(object)
      if (object.status.phase === 'Succeeded' && object.metadata.finalizers === undefined) break
    }
    const store = new Store()
    /** Plays the states of one pod for another name, as objects that share nothing with the others. */
    const play = (): void => {
      const uid = randomUUID()
      const own = states.map((state): Pod => {
        const copy = structuredClone(state)
        return { ...copy, metadata: { ...copy.metadata, uid, name: `model-${uid}` } }
      })
      const [first, ...rest] = own
      if (first === undefined) throw new Error('the pod has no states')
      const stored = store.create(POD_TYPE, first)
      for (const state of rest) if (stored) store.update(POD_TYPE, stored, () => state)
    }
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const heapAfter = (pods: number): number => {
      while (store.list(POD_TYPE).length < pods) for (let at = 0; at < 500; at++) play()
      collect()
      collect()
      return process.memoryUsage().heapUsed
    }
    // The history is full after the first 2,000: from there on only the pods themselves are kept.
    const [before, after] = [heapAfter(2000), heapAfter(6000)]
    expect((after - before) / 4000).toBeLessThanOrEqual(16 * 1024)
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

interface Stored extends KubeObject {
  readonly data: { readonly deep: unknown; readonly b?: unknown }
}
