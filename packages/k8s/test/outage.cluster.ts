import { afterAll, describe, expect, test } from 'vitest'
import { runJob, submitJob, waitForJob } from '../src/index.ts'
import { findLab } from './lab.ts'
import { createNamespace } from './namespace.ts'
import { shellJob, UNTIL_TERM } from './shell-job.ts'

const lab = findLab()

describe.runIf(lab !== undefined)('with components that are killed', () => {
  // A part that was killed is started again also when a test failed in between.
  afterAll(() => lab?.up())

  /** Kills a part and starts it again. A run that needs it is ended by the signal when it does not start. */
  function outageOf(component: 'apiserver' | 'kubelet') {
    const failing = new AbortController()
    let outage: Promise<void> | undefined
    return {
      signal: failing.signal,
      begin: (): void => {
        outage ??= lab?.kill(component).then(() => lab.up())
        outage?.catch((error) => failing.abort(error))
      },
      ended: async (): Promise<void> => await outage,
    }
  }

  test('an API server that is killed and started again: the wait returns the right result', async () => {
    await using namespace = await createNamespace()
    const reconnected: unknown[] = []
    const outage = outageOf('apiserver')
    const result = await runJob(shellJob({ namespace: namespace.name, items: 3, parallelism: 3, script: 'sleep 12' }), {
      signal: outage.signal,
      on: {
        progress: ({ ready }) => {
          if (ready === 3) outage.begin()
        },
        reconnected: (event) => reconnected.push(event),
      },
    })
    await outage.ended()
    expect(result).toMatchObject({ succeeded: 3, failed: 0 })
    expect(reconnected).not.toEqual([])
  })

  test('a kubelet that is killed and started again: the pods go on, and the wait returns the right result', async () => {
    await using namespace = await createNamespace()
    const outage = outageOf('kubelet')
    const result = await runJob(shellJob({ namespace: namespace.name, items: 3, parallelism: 3, script: 'sleep 6' }), {
      signal: outage.signal,
      on: {
        progress: ({ ready }) => {
          if (ready === 3) outage.begin()
        },
      },
    })
    await outage.ended()
    expect(result).toMatchObject({ succeeded: 3, failed: 0 })
  })

  test('a node that stays away while its pod is to end: the wait names it, or deletes the pod by force', async () => {
    await using namespace = await createNamespace()
    const handle = await submitJob(
      shellJob({
        namespace: namespace.name,
        script: UNTIL_TERM,
        template: (job) => {
          if (job.spec === undefined) return job
          // The effect of failFast: a pod that is being ended is replaced only when it has ended.
          job.spec.podReplacementPolicy = 'Failed'
          if (job.spec.template.spec !== undefined) job.spec.template.spec.terminationGracePeriodSeconds = 1
          return job
        },
      }),
    )
    const pods = async () => (await namespace.core.listNamespacedPod({ namespace: namespace.name })).items
    await expect.poll(async () => (await pods())[0]?.status?.phase, { timeout: 60_000 }).toBe('Running')
    try {
      await lab?.kill('kubelet')
      const [pod] = await pods()
      await namespace.core.deleteNamespacedPod({ namespace: namespace.name, name: pod?.metadata?.name ?? '' })
      await expect(handle.wait({ startGraceMs: 2000 })).rejects.toMatchObject({
        code: 'NODE_LOST',
        message: expect.stringContaining(pod?.metadata?.name ?? ''),
        job: { fate: 'left running' },
      })
      const replaced = new AbortController()
      // By name, which begins with the Job as it is now.
      const waiting = waitForJob('work', {
        namespace: namespace.name,
        startGraceMs: 2000,
        forceDeleteLost: true,
        signal: replaced.signal,
        on: {
          progress: ({ active, terminating }) => {
            if (active === 1 && terminating === 0) replaced.abort()
          },
        },
      })
      await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
      expect((await pods()).map(({ metadata }) => metadata?.uid)).not.toContain(pod?.metadata?.uid)
    } finally {
      await lab?.up()
      await handle.delete()
    }
  })
})
