import { expect } from 'vitest'
import type { Pod } from '../../../src/objects/objects.ts'
import { DEAF, shell, UNTIL_TERM } from '../contract-cluster.ts'
import { has, stateOf } from '../job-under-test.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

export const deletion: Behaviours = {
  'in the background is gone at once, and its pods after it': async (cluster) => {
    const job = await cluster.createJob('background', {}, shell(UNTIL_TERM))
    await job.readyPod()
    const { status, body } = await job.delete('Background')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'background', group: 'batch', kind: 'jobs', uid: job.created.metadata.uid },
    })
    expect((await cluster.call('GET', job.path)).status).toBe(404)
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'in the foreground is there until its pods are gone': async (cluster) => {
    const job = await cluster.createJob('foreground', {}, shell(UNTIL_TERM))
    await job.readyPod()
    const { status, body } = await job.delete('Foreground')
    expect(status).toBe(200)
    expect(body.metadata.finalizers).toEqual(['foregroundDeletion'])
    expect(body.metadata.deletionTimestamp).toBeDefined()
    await job.gone()
    expect(await job.pods()).toEqual([])
  },

  'that is being deleted in the foreground keeps its name': async (cluster) => {
    const job = await cluster.createJob('name-kept', {}, shell(DEAF))
    const pod = await job.readyPod()
    await job.delete('Foreground')
    const again = await cluster.call('POST', cluster.path('jobs'), {
      metadata: { name: 'name-kept' },
      spec: { template: { spec: shell('true') } },
    })
    expect(again).toMatchObject({
      status: 409,
      body: {
        reason: 'AlreadyExists',
        message: 'object is being deleted: jobs.batch "name-kept" already exists',
      },
    })
    await cluster.call('DELETE', cluster.path('pods', pod.metadata.name), { gracePeriodSeconds: 0 })
    await job.gone()
  },

  'with Orphan leaves its pods running, without an owner and without a finalizer': async (cluster) => {
    const job = await cluster.createJob('orphaned', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    await job.delete('Orphan')
    await job.gone()
    const [orphan] = await job.podsThat((pods) => pods.every(({ metadata }) => !metadata.finalizers))
    expect(orphan?.metadata.uid).toBe(pod.metadata.uid)
    expect(orphan?.metadata).not.toHaveProperty('ownerReferences')
    expect(orphan?.status.phase).toBe('Running')
  },

  'without a policy leaves its pods, and is warned of that': async (cluster) => {
    const job = await cluster.createJob('warned-of', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    const { status, warnings } = await cluster.call('DELETE', job.path)
    expect(status).toBe(200)
    expect(warnings).toEqual([
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    ])
    await job.gone()
    expect((await cluster.call('GET', cluster.path('pods', pod.metadata.name))).status).toBe(200)
  },

  'with a precondition deletes only the Job of that uid': async (cluster) => {
    const job = await cluster.createJob('precise', { suspend: true })
    const { uid } = job.created.metadata
    const wrong = '00000000-0000-0000-0000-000000000000'
    expect(await job.delete('Background', { preconditions: { uid: wrong } })).toMatchObject({
      status: 409,
      body: {
        reason: 'Conflict',
        message: `Operation cannot be fulfilled on Job.batch "precise": the UID in the precondition (${wrong}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
        details: { name: 'precise', group: 'batch', kind: 'Job' },
      },
    })
    expect((await job.delete('Background', { preconditions: { uid } })).status).toBe(200)
  },

  'a second time is answered with 404': async (cluster) => {
    const job = await cluster.createJob('once', { suspend: true })
    await job.delete('Background')
    expect(await job.delete('Background')).toMatchObject({
      status: 404,
      body: {
        kind: 'Status',
        status: 'Failure',
        reason: 'NotFound',
        message: 'jobs.batch "once" not found',
        details: { name: 'once', group: 'batch', kind: 'jobs' },
        code: 404,
      },
    })
  },

  'sends its containers SIGTERM, and lets them say their last words': async (cluster) => {
    const script = 'trap "echo farewell; exit 0" TERM; sleep 600 & echo ready; wait'
    const job = await cluster.createJob('farewell', {}, shell(script))
    let heard = ''
    for await (const said of job.hear(await job.pod())) {
      // In the stream that is open: a follower that comes later may find the pod gone.
      if (!heard.includes('ready') && said.includes('ready')) await job.delete('Background')
      heard = said
    }
    expect(heard).toBe('ready\nfarewell\n')
  },

  'ends what does not listen to SIGTERM by SIGKILL after its grace': async (cluster) => {
    const job = await cluster.createJob('deaf', {}, shell(DEAF, {}, { terminationGracePeriodSeconds: 1 }))
    let first: Pod | undefined
    for await (const pod of job.podStates()) {
      if (first === undefined && pod.status.phase === 'Running') {
        first = pod
        await job.says(pod, 'ready')
        await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
      }
      const { terminated } = pod.metadata.uid === first?.metadata.uid ? stateOf(pod) : {}
      if (!terminated) continue
      expect(terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
      return
    }
    throw new Error('it did not end')
  },

  'marks a pod with the time until which it has to end': async (cluster) => {
    const job = await cluster.createJob('marked', {}, shell(DEAF, {}, { terminationGracePeriodSeconds: 4 }))
    const { metadata } = await job.readyPod()
    const { body } = await cluster.call('DELETE', cluster.path('pods', metadata.name))
    expect(body).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 4 } })
    expect(Date.parse(body.metadata.deletionTimestamp)).toBeGreaterThan(Date.parse(metadata.creationTimestamp))
  },

  'happens by itself ttlSecondsAfterFinished after its end, with its pods': async (cluster) => {
    const job = await cluster.createJob('brief', { ttlSecondsAfterFinished: 0 })
    await job.gone()
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'also happens by ttlSecondsAfterFinished when that is set after its end': async (cluster) => {
    const job = await cluster.createJob('brief-later', {})
    await job.finished()
    await job.patch({ spec: { ttlSecondsAfterFinished: 0 } })
    await job.gone()
  },

  'takes a Secret with it that it owns': async (cluster) => {
    const job = await cluster.createJob('owner', { suspend: true })
    const { uid } = job.created.metadata
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'owner', uid }]
    const secret = { metadata: { name: 'owned', ownerReferences }, stringData: { a: 'b' } }
    const { resourceVersion } = (await cluster.create('secrets', secret)).metadata
    await job.delete('Background')
    const query = { fieldSelector: 'metadata.name=owned', resourceVersion }
    for await (const { type } of cluster.client.watch(cluster.path('secrets'), query)) if (type === 'DELETED') break
    expect((await cluster.call('GET', cluster.path('secrets', 'owned'))).status).toBe(404)
  },

  'of a collection takes the Jobs that a selector names': async (cluster) => {
    const labels = { batch: 'collection' }
    const jobs = await Promise.all([
      cluster.createJob('collected-a', { suspend: true }, shell('true'), { labels }),
      cluster.createJob('collected-b', { suspend: true }, shell('true'), { labels }),
    ])
    const query = 'labelSelector=batch%3Dcollection&propagationPolicy=Background'
    expect((await cluster.call('DELETE', `${cluster.path('jobs')}?${query}`)).status).toBe(200)
    for (const job of jobs) await job.gone()
  },

  'of a finished pod is at once': async (cluster) => {
    const job = await cluster.createJob('tidied', {})
    await job.finished()
    const [pod] = await job.podsThat((pods) => pods.every(({ metadata }) => !metadata.finalizers))
    await cluster.call('DELETE', cluster.path('pods', pod?.metadata.name ?? ''))
    expect((await cluster.call('GET', cluster.path('pods', pod?.metadata.name ?? ''))).status).toBe(404)
    expect(has(await job.read(), 'Complete')).toBe(true)
  },

  'waits for a foreign finalizer, and starts no pod meanwhile': async (cluster) => {
    const finalizers = ['example.org/hold']
    const job = await cluster.createJob('held-back', {}, shell(UNTIL_TERM), { finalizers })
    const pod = await job.readyPod()
    const { status, body } = await job.delete('Background')
    expect(status).toBe(200)
    expect(body.metadata).toMatchObject({ finalizers, deletionTimestamp: expect.any(String) })
    await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
    const held = await job.state((state) => state.status.active === undefined && state.status.terminating === 0)
    expect(held.metadata.finalizers).toEqual(finalizers)
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
    await job.patch({ metadata: { finalizers: null } })
    await job.gone()
  },

  'with a foreign finalizer leaves the pods alone until it is removed': async (cluster) => {
    const job = await cluster.createJob('held-with-pods', {}, shell(UNTIL_TERM), { finalizers: ['example.org/hold'] })
    const pod = await job.readyPod()
    await job.delete('Background')
    const still = (await cluster.call('GET', cluster.path('pods', pod.metadata.name))).body
    expect(still.metadata).not.toHaveProperty('deletionTimestamp')
    await job.patch({ metadata: { finalizers: null } })
    await job.gone()
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'in the foreground with a foreign finalizer deletes the pods, and waits for the finalizer': async (cluster) => {
    const finalizers = ['example.org/hold']
    const job = await cluster.createJob('held-in-front', {}, shell(UNTIL_TERM), { finalizers })
    await job.readyPod()
    const { body } = await job.delete('Foreground')
    expect(body.metadata.finalizers.toSorted()).toEqual(['example.org/hold', 'foregroundDeletion'])
    await job.podsThat((pods) => pods.length === 0)
    const held = await job.state(({ metadata }) => metadata.finalizers?.length === 1)
    expect(held.metadata.finalizers).toEqual(finalizers)
    await job.patch({ metadata: { finalizers: null } })
    await job.gone()
  },

  'of a pod waits for a foreign finalizer after its processes have ended': async (cluster) => {
    const job = await cluster.createJob('held-pod', { completions: 1 }, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    const path = cluster.path('pods', pod.metadata.name)
    const finalizers = [...(pod.metadata.finalizers ?? []), 'example.org/hold']
    await cluster.call('PATCH', path, { metadata: { finalizers } }, MERGE)
    await job.delete('Background')
    await job.gone()
    const ended = await job.pod(
      ({ metadata, status }) => status.phase === 'Succeeded' && metadata.finalizers?.length === 1,
    )
    expect(ended.metadata).toMatchObject({ finalizers: ['example.org/hold'], deletionTimestamp: expect.any(String) })
    await cluster.call('PATCH', path, { metadata: { finalizers: null } }, MERGE)
    expect(await job.podsThat((pods) => pods.length === 0)).toEqual([])
  },

  'that waits for a finalizer refuses another one': async (cluster) => {
    const job = await cluster.createJob('no-more', { suspend: true }, shell('true'), {
      finalizers: ['example.org/hold'],
    })
    await job.delete('Background')
    const more = await job.patch({ metadata: { finalizers: ['example.org/hold', 'example.org/more'] } })
    expect(more.status).toBe(422)
    expect(more.body.details.causes[0]).toMatchObject({ field: 'metadata.finalizers', reason: 'FieldValueForbidden' })
    await job.patch({ metadata: { finalizers: null } })
    await job.gone()
  },
}
