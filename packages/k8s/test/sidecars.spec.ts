import type { V1Container, V1PodSpec } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobSpec, runJob, type StuckEvent } from '../src/index.ts'
import { type LocalCluster, startLocalCluster } from '../src/local.ts'

let cluster: LocalCluster
let jobs = 0

beforeAll(async () => {
  cluster = await startLocalCluster({ backoffScale: 0.01 })
})
afterAll(() => cluster.close())

const container = (name: string, script: string, more: Partial<V1Container> = {}): V1Container => ({
  name,
  image: 'any',
  command: ['sh', '-c', script],
  ...more,
})

/** Work of a shell script in pods that are changed. */
function work(script: string, change: (pod: V1PodSpec) => void, more: Partial<JobSpec> = {}): JobSpec {
  return {
    name: `sidecars-${++jobs}`,
    image: 'any',
    command: ['sh', '-c', script],
    items: 1,
    queue: { name: 'job1', podUrl: 'amqp://127.0.0.1' },
    template: (job) => {
      if (job.spec?.template.spec !== undefined) change(job.spec.template.spec)
      return job
    },
    ...more,
  }
}

const UNTIL_TERM = 'trap "exit 143" TERM; sleep 600 & wait'

test.concurrent.each([
  { exit: 78, code: 'WORKER_MISCONFIGURED' },
  { exit: 3, code: 'CRASH_LOOP' },
])('beside a native sidecar that exits 143, the worker’s exit $exit counts', async ({ exit, code }) => {
  const spec = work(`exit ${exit}`, (pod) => {
    pod.initContainers = [container('proxy', UNTIL_TERM, { restartPolicy: 'Always' })]
  })
  await expect(runJob(spec, { kubeConfig: cluster.kubeConfig, startGraceMs: 4000 })).rejects.toMatchObject({
    code,
    job: { pods: expect.arrayContaining([expect.objectContaining({ exitCode: exit })]) },
  })
})

test.concurrent('with OnFailure a worker that fails beside a sidecar that is well is a crash loop, not a held pod', async () => {
  const more = { restartPolicy: 'OnFailure' } as const
  const spec = work('exit 3', (pod) => void pod.containers.push(container('a-proxy', UNTIL_TERM)), more)
  const error = await runJob(spec, { kubeConfig: cluster.kubeConfig, startGraceMs: 2000 }).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'CRASH_LOOP', job: { pods: [{ exitCode: 3 }] } })
})

test.concurrent('a sidecar that runs on after the worker’s end is told, and ends the run after the grace', async () => {
  const stuck: StuckEvent[] = []
  const spec = work('true', (pod) => void pod.containers.push(container('log-shipper', UNTIL_TERM)))
  const options = {
    kubeConfig: cluster.kubeConfig,
    startGraceMs: 3000,
    on: { stuck: (e: StuckEvent) => stuck.push(e) },
  }
  await expect(runJob(spec, options)).rejects.toMatchObject({
    code: 'POD_NOT_ENDING',
    message: expect.stringContaining('log-shipper'),
  })
  expect(stuck).toMatchObject([{ reason: 'HeldBySidecar' }])
})

test.concurrent('an init container that fails is told by its name, with its own log', async () => {
  const spec = work('exit 78', (pod) => {
    pod.initContainers = [container('setup', 'echo "no schema"; exit 5')]
  })
  await expect(runJob(spec, { kubeConfig: cluster.kubeConfig })).rejects.toMatchObject({
    code: 'CRASH_LOOP',
    message: expect.stringMatching(/container setup.*exit 5/),
    job: { pods: expect.arrayContaining([expect.objectContaining({ container: 'setup', logTail: ['no schema'] })]) },
  })
})
