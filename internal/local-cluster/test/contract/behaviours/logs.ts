import { expect } from 'vitest'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { stateOf } from '../job-under-test.ts'
import { MERGE } from '../kube-client.ts'
import type { Behaviours } from './behaviours.ts'

const FIVE = 'for i in 1 2 3 4 5; do echo $i; done'

export const logs: Behaviours = {
  'has standard output and standard error': async (cluster) => {
    const job = await cluster.createJob('streams', {}, shell('echo out; echo err >&2'))
    expect((await job.output()).split('\n').sort()).toEqual(['', 'err', 'out'])
  },

  'keeps a last line without its end': async (cluster) => {
    const job = await cluster.createJob('unfinished', {}, shell('echo one; printf two'))
    expect(await job.output()).toBe('one\ntwo')
  },

  'gives its last lines by tailLines': async (cluster) => {
    const job = await cluster.createJob('tail', {}, shell(FIVE))
    await job.finished()
    const [pod] = await job.pods()
    expect(pod && (await job.log(pod, { tailLines: '2' }))).toBe('4\n5\n')
    expect(pod && (await job.log(pod, { tailLines: '0' }))).toBe('')
    expect(pod && (await job.log(pod, { tailLines: '99' }))).toBe('1\n2\n3\n4\n5\n')
  },

  'ends after limitBytes bytes': async (cluster) => {
    const job = await cluster.createJob('bytes', {}, shell(FIVE))
    await job.finished()
    const [pod] = await job.pods()
    expect(pod && (await job.log(pod, { limitBytes: '5' }))).toBe('1\n2\n3')
  },

  'gives each line its time with timestamps, and goes on after one with sinceTime': async (cluster) => {
    const job = await cluster.createJob('times', {}, shell('echo one; sleep 2; echo two'))
    await job.finished()
    const [pod] = await job.pods()
    if (!pod) throw new Error('no pod')
    const lines = (await job.log(pod, { timestamps: 'true' })).trim().split('\n')
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['one', 'two'])
    const [time = ''] = lines[1]?.split(' ') ?? []
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/)
    expect(await job.log(pod, { sinceTime: `${time.slice(0, 19)}Z` })).toBe('two\n')
    expect(await job.log(pod, { sinceSeconds: '3600' })).toBe('one\ntwo\n')
  },

  'is followed to the end of its container': async (cluster) => {
    const job = await cluster.createJob('followed', {}, shell('echo start; sleep 1; echo end'))
    const pod = await job.pod(({ status }) => status.phase !== 'Pending')
    expect(await job.log(pod, { follow: 'true' })).toBe('start\nend\n')
  },

  'is followed from its last line with tailLines': async (cluster) => {
    const script = `trap "echo end; exit 0" TERM; ${FIVE}; sleep 600 & echo ready; wait`
    const job = await cluster.createJob('followed-tail', {}, shell(script))
    const pod = await job.readyPod()
    let heard = ''
    for await (const said of job.hear(pod, { tailLines: '1' })) {
      if (heard === '') await cluster.call('DELETE', cluster.path('pods', pod.metadata.name))
      heard = said
    }
    expect(heard).toBe('ready\nend\n')
  },

  'of a restarted container has the run before with previous': async (cluster) => {
    const turn = { name: 'TURN', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['turn']" } } }
    const script = `echo "turn <$TURN>"; [ "$TURN" != good ] && { sleep 1; exit 1; }; ${UNTIL_TERM}`
    const job = await cluster.createJob(
      'previous',
      { backoffLimit: 20 },
      shell(script, { env: [turn] }, { restartPolicy: 'OnFailure' }),
    )
    const { metadata } = await job.pod()
    const good = { metadata: { annotations: { turn: 'good' } } }
    await cluster.call('PATCH', cluster.path('pods', metadata.name), good, MERGE)
    // Which of its runs sees the patch first is the kubelet's affair.
    const again = await job.pod(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0)
    for (let said = ''; said !== 'turn <good>\nready\n'; ) {
      for await (said of job.hear(again)) if (said.includes('ready')) break
    }
    expect(await job.log(again, { previous: 'true' })).toBe('turn <>\n')
  },

  'of a container that never ran before is refused with previous': async (cluster) => {
    const job = await cluster.createJob('no-previous', {}, shell(UNTIL_TERM))
    const pod = await job.readyPod()
    expect(await job.readLog(pod, { previous: 'true' })).toMatchObject({
      status: 400,
      body: {
        reason: 'BadRequest',
        message: `previous terminated container "main" in pod "${pod.metadata.name}" not found`,
      },
    })
  },

  'of a container that waits for its image says what it waits for': async (cluster) => {
    const job = await cluster.createJob(
      'not-yet',
      {},
      shell('', { image: 'registry.invalid/none:1', command: undefined }),
    )
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'ImagePullBackOff')
    expect(await job.readLog(pod)).toMatchObject({
      status: 400,
      body: {
        message: `container "main" in pod "${pod.metadata.name}" is waiting to start: trying and failing to pull image`,
      },
    })
  },

  'of a pod with two containers is asked for by name': async (cluster) => {
    const two = shell('echo main')
    const [main] = two.containers ?? []
    const containers = [main, { ...main, name: 'side', command: ['echo', 'side'] }]
    const job = await cluster.createJob('two', {}, { ...two, containers } as typeof two)
    await job.finished()
    const [pod] = await job.pods()
    if (!pod) throw new Error('no pod')
    expect(await job.log(pod, { container: 'side' })).toBe('side\n')
    expect(await job.readLog(pod)).toMatchObject({
      status: 400,
      body: {
        message: `a container name must be specified for pod ${pod.metadata.name}, choose one of: [main side]`,
      },
    })
    expect(await job.readLog(pod, { container: 'none' })).toMatchObject({
      status: 400,
      body: { message: `container none is not valid for pod ${pod.metadata.name}` },
    })
  },

  'is not found when its pod is not there': async (cluster) => {
    expect(await cluster.call('GET', cluster.path('pods', 'nobody', 'log'))).toMatchObject({
      status: 404,
      body: { message: 'pods "nobody" not found' },
    })
  },
}
