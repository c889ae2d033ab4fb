import { CoreV1Api, makeInformer, type V1ConfigMap } from '@kubernetes/client-node'
import { expect, it } from 'vitest'
import { TestCluster } from './api-client.ts'
import { kubeConfigOf } from './kube-config-of.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const MERGE = { 'content-type': 'application/merge-patch+json' }
const WRITERS = 8
const CHANGES = 10_000
const NAMES = Array.from({ length: 20 }, (_, index) => `map-${index}`)
/** Made when all writers are done. A watcher that has seen it has seen every change. */
const LAST = 'last'

/** The same changes in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

async function write(cluster: TestCluster, writer: number): Promise<void> {
  const random = randomNumbers(writer + 1)
  for (let step = 0; step < CHANGES / WRITERS; step++) {
    const name = NAMES[Math.floor(random() * NAMES.length)] ?? ''
    const data = { by: `${writer}-${step}` }
    const labels = random() < 0.5 ? { picked: 'yes' } : { picked: null }
    const kind = random()
    if (kind < 0.3) await cluster.call('POST', MAPS, { metadata: { name, labels: { picked: 'yes' } }, data })
    else if (kind < 0.5) await cluster.call('DELETE', `${MAPS}/${name}`)
    else await cluster.call('PATCH', `${MAPS}/${name}`, { metadata: { labels }, data }, MERGE)
  }
}

/** Follows a watch until the last object. Returns the objects that it holds then, by their names, with their versions. */
async function follow(cluster: TestCluster, query: Record<string, string>): Promise<Map<string, string>> {
  const held = new Map<string, string>()
  const newest = new Map<string, number>()
  for await (const { type, object } of cluster.watch(MAPS, { timeoutSeconds: '600', ...query })) {
    const { name, resourceVersion } = object.metadata
    if (type === 'ERROR') throw new Error(JSON.stringify(object))
    expect(Number(resourceVersion), `${type} ${name}`).toBeGreaterThan(newest.get(name) ?? 0)
    newest.set(name, Number(resourceVersion))
    if (type === 'DELETED') held.delete(name)
    else held.set(name, resourceVersion)
    if (name === LAST) break
  }
  return held
}

it('10,000 changes by several writers reach every watcher and informer in order, and all end with what the server has', {
  timeout: 240_000,
}, async () => {
  await using cluster = await TestCluster.start()
  const { resourceVersion } = (await cluster.call('GET', MAPS)).body.metadata
  const core = cluster.cluster.kubeConfig.makeApiClient(CoreV1Api)
  const informer = makeInformer<V1ConfigMap>(kubeConfigOf(cluster.cluster), MAPS, () =>
    core.listNamespacedConfigMap({ namespace: 'default' }),
  )
  const ascending = new Map<string, number>()
  const backwards: string[] = []
  const told = new Promise<void>((resolve) => {
    const see = ({ metadata }: V1ConfigMap): void => {
      const [name, version] = [metadata?.name ?? '', Number(metadata?.resourceVersion)]
      if (version < (ascending.get(name) ?? 0)) backwards.push(`${name} ${version}`)
      ascending.set(name, version)
      if (name === LAST) resolve()
    }
    for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, see)
  })
  await informer.start()
  const everything = [1, 2, 3].map(() => follow(cluster, { resourceVersion }))
  const picked = [1, 2].map(() => follow(cluster, { resourceVersion, labelSelector: 'picked=yes' }))
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(cluster, writer)))
  await cluster.call('POST', MAPS, { metadata: { name: LAST, labels: { picked: 'yes' } } })
  const versions = async (query = ''): Promise<Map<string, string>> => {
    const { items } = (await cluster.call('GET', `${MAPS}${query}`)).body
    return new Map(items.map(({ metadata }: V1ConfigMap) => [metadata?.name, metadata?.resourceVersion]))
  }
  const [all, some] = [await versions(), await versions('?labelSelector=picked%3Dyes')]
  await told
  expect(backwards).toEqual([])
  expect(new Map(informer.list().map(({ metadata }) => [metadata?.name, metadata?.resourceVersion]))).toEqual(all)
  await informer.stop()
  // The watchers began with the namespace's own ConfigMap as it was.
  all.delete('kube-root-ca.crt')
  for (const held of await Promise.all(everything)) expect(held).toEqual(all)
  for (const held of await Promise.all(picked)) expect(held).toEqual(some)
})
