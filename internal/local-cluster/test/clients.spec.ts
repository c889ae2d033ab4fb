import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { BatchV1Api, CoreV1Api, Log, makeInformer, type V1Job, Watch } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalFault, startLocalCluster } from '../src/index.ts'
import { JOBS, TestCluster } from './api-client.ts'
import { kubeConfigOf } from './kube-config-of.ts'

const images = { 'greeter:1': ['echo', 'hello from'] }
let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start({ images })
})
afterAll(() => cluster[Symbol.asyncDispose]())

const jobOf = (name: string): V1Job => ({
  metadata: { name },
  spec: {
    completions: 2,
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'greeter:1', args: ['a pod'] }] } },
  },
})

describe('@kubernetes/client-node', () => {
  it('creates, watches, reads the log of, and deletes a Job', async () => {
    const kubeConfig = kubeConfigOf(cluster.cluster)
    const batch = kubeConfig.makeApiClient(BatchV1Api)
    const core = kubeConfig.makeApiClient(CoreV1Api)
    const namespace = 'default'
    const made = await batch.createNamespacedJob({ namespace, body: jobOf('by-client') })
    expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const complete = new Promise<void>((resolve, reject) => {
      const query = { fieldSelector: 'metadata.name=by-client', resourceVersion: made.metadata?.resourceVersion ?? '' }
      const seen = (_: string, job: V1Job) => {
        if (job.status?.conditions?.some(({ type }) => type === 'Complete')) resolve()
      }
      new Watch(kubeConfig).watch(JOBS, query, seen, reject).catch(reject)
    })
    await complete
    const pods = await core.listNamespacedPod({ namespace, labelSelector: 'job-name=by-client' })
    expect(pods.items).toHaveLength(2)
    const output = new PassThrough()
    await new Log(kubeConfig).log(namespace, pods.items[0]?.metadata?.name ?? '', 'main', output, { follow: true })
    expect(await text(output)).toBe('hello from a pod\n')
    await batch.deleteNamespacedJob({ namespace, name: 'by-client', body: { propagationPolicy: 'Background' } })
    await expect(batch.readNamespacedJob({ namespace, name: 'by-client' })).rejects.toMatchObject({ code: 404 })
  })

  it.each<{ when: string; faults: LocalFault[] }>([
    { when: 'as things go', faults: [] },
    {
      when: 'though its watch begins before what the server remembers',
      faults: [{ match: { verb: 'watch' }, do: { dropHistory: true } }],
    },
    {
      when: 'though its watch ends in a 410',
      faults: [{ match: { verb: 'watch' }, do: { watch: 'expire', afterEvents: 1 } }],
    },
  ])('keeps an informer up to date $when', async ({ faults }) => {
    await using own = await startLocalCluster({ images, faults })
    const kubeConfig = kubeConfigOf(own)
    const batch = own.kubeConfig.makeApiClient(BatchV1Api)
    const informer = makeInformer<V1Job>(kubeConfig, JOBS, () => batch.listNamespacedJob({ namespace: 'default' }))
    const next = (verb: 'add' | 'update' | 'delete', fits: (job: V1Job) => boolean = () => true) =>
      new Promise<V1Job>((resolve) => {
        informer.on(verb, (job) => {
          if (job.metadata?.name === 'informed' && fits(job)) resolve(job)
        })
      })
    const added = next('add')
    const completed = next('update', ({ status }) => status?.completionTime !== undefined)
    const removed = next('delete')
    await informer.start()
    await batch.createNamespacedJob({ namespace: 'default', body: jobOf('informed') })
    expect((await added).spec?.completions).toBe(2)
    expect((await completed).status?.succeeded).toBe(2)
    expect(informer.get('informed', 'default')?.status?.succeeded).toBe(2)
    await batch.deleteNamespacedJob({ namespace: 'default', name: 'informed', propagationPolicy: 'Background' })
    expect((await removed).metadata?.name).toBe('informed')
    expect(informer.get('informed', 'default')).toBeUndefined()
    await informer.stop()
  })
})
