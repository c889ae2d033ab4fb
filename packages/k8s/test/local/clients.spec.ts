import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { BatchV1Api, CoreV1Api, Log, makeInformer, type V1Job, Watch } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JOBS, TestCluster } from './api-client.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.start({ images: { 'greeter:1': ['echo', 'hello from'] } })
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
    const { kubeConfig } = cluster.cluster
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

  it('keeps an informer up to date', async () => {
    const { kubeConfig } = cluster.cluster
    const batch = kubeConfig.makeApiClient(BatchV1Api)
    const informer = makeInformer<V1Job>(kubeConfig, JOBS, () => batch.listNamespacedJob({ namespace: 'default' }))
    const added = new Promise<V1Job>((resolve) => {
      informer.on('add', (job) => {
        if (job.metadata?.name === 'informed') resolve(job)
      })
    })
    await informer.start()
    await batch.createNamespacedJob({ namespace: 'default', body: jobOf('informed') })
    expect((await added).spec?.completions).toBe(2)
    await informer.stop()
  })
})

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!hasKubectl)('kubectl', () => {
  it('creates, waits for, gets, describes, reads the log of, and deletes a Job', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubectl-'))
    const file = join(folder, 'job.yaml')
    await writeFile(
      file,
      `apiVersion: batch/v1
kind: Job
metadata: { name: by-kubectl }
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers: [{ name: c, image: 'greeter:1', args: [kubectl] }]
`,
    )
    const kubectl = async (...args: string[]) => {
      const home = { ...process.env, HOME: folder, KUBECONFIG: cluster.cluster.kubeconfigPath }
      return (await promisify(execFile)('kubectl', args, { env: home })).stdout
    }
    expect(await kubectl('create', '-f', file)).toBe('job.batch/by-kubectl created\n')
    await kubectl('wait', '--for=condition=complete', 'job/by-kubectl', '--timeout=20s')
    expect(await kubectl('get', 'jobs,pods')).toMatch(/job\.batch\/by-kubectl[\s\S]*pod\/by-kubectl-/)
    expect(await kubectl('describe', 'job', 'by-kubectl')).toMatch(/SuccessfulCreate[\s\S]*Job completed/)
    expect(await kubectl('logs', '-f', 'job/by-kubectl')).toBe('hello from kubectl\n')
    expect(await kubectl('delete', 'job', 'by-kubectl')).toContain('job.batch "by-kubectl" deleted')
    expect(await kubectl('get', 'pods', '-l', 'job-name=by-kubectl')).toBe('')
    await rm(folder, { recursive: true })
  })
})
