import { expect } from 'vitest'
import type { Pod } from '../../../src/objects/objects.ts'
import { type ContractCluster, shell, UNTIL_TERM } from '../contract-cluster.ts'
import type { JobUnderTest } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
const image = { image: 'debian:bookworm-slim', imagePullPolicy: 'IfNotPresent' }
const sh = (name: string, script: string, more: object = {}) => ({
  name,
  ...image,
  command: ['sh', '-c', script],
  ...more,
})

/** The cells of the rows, by the names of their columns. */
async function rows(cluster: ContractCluster, path: string): Promise<Record<string, string>[]> {
  const { body } = await cluster.call('GET', path, undefined, TABLE)
  const names = body.columnDefinitions.map(({ name }: { name: string }) => name)
  return body.rows.map(({ cells }: { cells: unknown[] }) =>
    Object.fromEntries(cells.map((cell, index) => [names[index], String(cell)])),
  )
}

/** The row of a Job's pod, once the pod fits. */
async function podRow(
  cluster: ContractCluster,
  job: JobUnderTest,
  fits: (pod: Pod) => boolean,
): Promise<Record<string, string> | undefined> {
  const pod = await job.pod(fits)
  const [row] = await rows(cluster, cluster.path('pods', pod.metadata.name))
  return row
}

const main = (pod: Pod) => pod.status.containerStatuses?.[0]
const init = (pod: Pod) => pod.status.initContainerStatuses?.[0]

export const tables: Behaviours = {
  'a pod whose init container runs as Init:0/1': async (cluster) => {
    const initContainers = [sh('before', UNTIL_TERM)]
    const job = await cluster.createJob('printed-init', {}, shell('true', {}, { initContainers }))
    const row = await podRow(cluster, job, (pod) => init(pod)?.state.running !== undefined)
    expect(row).toMatchObject({ Ready: '0/1', Status: 'Init:0/1', Restarts: '0' })
  },

  'a pod whose init container failed as Init:Error': async (cluster) => {
    const initContainers = [sh('before', 'exit 3')]
    const job = await cluster.createJob(
      'printed-init-error',
      { backoffLimit: 0 },
      shell('true', {}, { initContainers }),
    )
    const row = await podRow(cluster, job, ({ status }) => status.phase === 'Failed')
    expect(row).toMatchObject({ Ready: '0/1', Status: 'Init:Error', Restarts: '0' })
  },

  'a pod with one container that ended and one that runs as NotReady': async (cluster) => {
    const containers = [sh('main', 'true'), sh('other', UNTIL_TERM)]
    const job = await cluster.createJob('printed-half', {}, shell('true', {}, { containers }))
    const fits = (pod: Pod) =>
      main(pod)?.state.terminated !== undefined && pod.status.containerStatuses?.[1]?.ready === true
    expect(await podRow(cluster, job, fits)).toMatchObject({ Ready: '1/2', Status: 'NotReady' })
  },

  'a pod that failed beside a container that ended well as Error': async (cluster) => {
    const containers = [sh('main', 'exit 1'), sh('other', 'true')]
    const job = await cluster.createJob('printed-error', { backoffLimit: 0 }, shell('true', {}, { containers }))
    const row = await podRow(cluster, job, ({ status }) => status.phase === 'Failed')
    expect(row).toMatchObject({ Ready: '0/2', Status: 'Error' })
  },

  'restarts with the time of the last one': async (cluster) => {
    const volumes = [{ name: 'tmp', emptyDir: {} }]
    const container = {
      command: ['sh', '-c', '[ -e "$MARK" ] || { touch "$MARK"; exit 1; }; trap "exit 0" TERM; sleep 600 & wait'],
      env: [{ name: 'MARK', value: '/scratch/mark' }],
      volumeMounts: [{ name: 'tmp', mountPath: '/scratch' }],
    }
    const job = await cluster.createJob(
      'printed-restarts',
      {},
      shell('true', container, { volumes, restartPolicy: 'OnFailure' }),
    )
    const row = await podRow(cluster, job, (pod) => main(pod)?.restartCount === 1 && main(pod)?.ready === true)
    expect(row).toMatchObject({ Ready: '1/1', Status: 'Running', Restarts: expect.stringMatching(/^1 \(\d+s ago\)$/) })
  },

  'a sidecar as a container of its pod, and its restarts': async (cluster) => {
    const initContainers = [sh('side', UNTIL_TERM, { restartPolicy: 'Always' })]
    const job = await cluster.createJob('printed-sidecar', {}, shell(UNTIL_TERM, {}, { initContainers }))
    const fits = (pod: Pod) => main(pod)?.ready === true && init(pod)?.ready === true
    expect(await podRow(cluster, job, fits)).toMatchObject({ Ready: '2/2', Status: 'Running', Restarts: '0' })
  },

  'a pod that is being deleted as Terminating': async (cluster) => {
    const job = await cluster.createJob(
      'printed-deleted',
      {},
      shell('trap "" TERM; sleep 600 & echo ready; wait; wait'),
    )
    const { metadata } = await job.readyPod()
    await cluster.call('DELETE', cluster.path('pods', metadata.name), { gracePeriodSeconds: 20 })
    const [row] = await rows(cluster, cluster.path('pods', metadata.name))
    expect(row).toMatchObject({ Status: 'Terminating' })
    await cluster.call('DELETE', cluster.path('pods', metadata.name), { gracePeriodSeconds: 0 })
  },

  'Jobs by their conditions': async (cluster) => {
    const job = await cluster.createJob('printed-suspended', { suspend: true, completions: 3, parallelism: 2 })
    await job.state(({ status }) => status.conditions !== undefined)
    const [row] = await rows(cluster, job.path)
    expect(row).toMatchObject({ Status: 'Suspended', Completions: '0/3', Duration: '' })
    const queue = await cluster.createJob('printed-queue', { parallelism: 2 }, shell('true'))
    await queue.finished()
    expect((await rows(cluster, queue.path))[0]).toMatchObject({ Status: 'Complete', Completions: '2/1 of 2' })
  },
}
