import { expect } from 'vitest'
import type { Pod } from '../../../src/objects/objects.ts'
import { shell, UNTIL_TERM } from '../contract-cluster.ts'
import { condition, stateOf } from '../job-under-test.ts'
import type { Behaviours } from './behaviours.ts'

/** An image that no registry has. */
const NO_IMAGE = { image: 'registry.invalid/none:1', command: undefined }

/** Where a container leaves its termination message, here or there. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
const LAST_WORDS = '"${PODQUEUE_TERMINATION_LOG:-/dev/termination-log}"'

export const containers: Behaviours = {
  'ends with its exit code, the reason Completed or Error, and both times': async (cluster) => {
    const good = await cluster.createJob('good', {})
    const bad = await cluster.createJob('bad', { backoffLimit: 0 }, shell('exit 42'))
    await Promise.all([good.finished(), bad.finished()])
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const ended = { startedAt: time, finishedAt: time, containerID: expect.any(String) }
    expect(stateOf((await good.pods())[0])).toEqual({ terminated: { exitCode: 0, reason: 'Completed', ...ended } })
    expect(stateOf((await bad.pods())[0])).toEqual({ terminated: { exitCode: 42, reason: 'Error', ...ended } })
  },

  'that a signal ends has exit code 128 and its number': async (cluster) => {
    const job = await cluster.createJob('signal', { backoffLimit: 0 }, shell("sh -c 'kill -TERM $$$$'; exit $?"))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated).toMatchObject({ exitCode: 143, reason: 'Error' })
  },

  'whose program is missing ends with StartError and 128, and has failed': async (cluster) => {
    const job = await cluster.createJob('no-program', { backoffLimit: 0 }, shell('', { command: ['/no/such/program'] }))
    expect((await job.finished()).status.failed).toBe(1)
    const { terminated } = stateOf((await job.pods())[0])
    expect(terminated).toMatchObject({ exitCode: 128, reason: 'StartError', startedAt: '1970-01-01T00:00:00Z' })
    expect(terminated?.message).toMatch(/exec: "\/no\/such\/program": .*no such file or directory/)
  },

  'goes from Pending to Running to Succeeded': async (cluster) => {
    const job = await cluster.createJob('phases', {}, shell(UNTIL_TERM))
    const phases: string[] = []
    for await (const pod of job.podStates()) {
      const { phase } = pod.status
      if (phase === phases.at(-1)) continue
      phases.push(phase)
      if (phase === 'Succeeded') break
      if (phase !== 'Running') continue
      await job.says(pod, 'ready')
      await job.patch({ spec: { suspend: true } })
    }
    expect(phases).toEqual(['Pending', 'Running', 'Succeeded'])
  },

  'is ready while it runs, and PodCompleted says why not afterwards': async (cluster) => {
    const job = await cluster.createJob('ready', {}, shell(UNTIL_TERM))
    let running: Pod | undefined
    for await (const pod of job.podStates()) {
      if (running === undefined && condition(pod, 'Ready')?.status === 'True') {
        running = pod
        await job.says(pod, 'ready')
        await job.patch({ spec: { suspend: true } })
      }
      if (pod.status.phase !== 'Succeeded') continue
      expect(condition(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' })
      break
    }
    expect(running && condition(running, 'ContainersReady')?.status).toBe('True')
    expect(running && condition(running, 'PodScheduled')?.status).toBe('True')
  },

  'has events of its pulling, creation and start': async (cluster) => {
    const job = await cluster.createJob('steps', {})
    await job.finished()
    const [pod] = await job.pods()
    if (!pod) throw new Error('no pod')
    const events = await job.events((all) => all.some(({ reason }) => reason === 'Started'), pod)
    const told = events.map(({ reason, message }) => `${reason}: ${message}`)
    expect(told.find((text) => text.startsWith('Scheduled: Successfully assigned'))).toBeDefined()
    expect(told).toContain('Pulled: Container image "debian:bookworm-slim" already present on machine')
    expect(told.find((text) => text.startsWith('Created: Created container'))).toBeDefined()
    expect(told.find((text) => text.startsWith('Started: Started container'))).toBeDefined()
  },

  'leaves a termination message': async (cluster) => {
    const job = await cluster.createJob('words', {}, shell(`echo told >${LAST_WORDS}`))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated?.message).toBe('told\n')
  },

  'leaves a termination message at /dev/termination-log': async (cluster) => {
    const job = await cluster.createJob('words-path', {}, shell('echo told >/dev/termination-log'))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated?.message).toBe('told\n')
  },

  'shares an emptyDir with the other containers of its pod, at its mountPath': async (cluster) => {
    const volumeMounts = [{ name: 'scratch', mountPath: '/scratch' }]
    const pod = shell('cat /scratch/made; echo more >>/scratch/made; wc -l </scratch/made', { volumeMounts })
    const [main] = pod.containers ?? []
    const initContainers = [{ ...main, name: 'first', command: ['sh', '-c', 'echo made >"/scratch/made"'] }]
    const spec = { ...pod, initContainers, volumes: [{ name: 'scratch', emptyDir: {} }] } as typeof pod
    const job = await cluster.createJob('scratch', { backoffLimit: 0 }, spec)
    expect(await job.output()).toBe('made\n2\n')
  },

  'sees a directory of its node with hostPath': async (cluster) => {
    const path = `/tmp/${cluster.namespace}`
    const volumes = [{ name: 'host', hostPath: { path, type: 'DirectoryOrCreate' } }]
    const volumeMounts = [{ name: 'host', mountPath: '/host-side' }]
    const writes = shell('echo here >/host-side/file', { volumeMounts }, { volumes })
    await (await cluster.createJob('host-writes', { backoffLimit: 0 }, writes)).finished()
    const reads = shell('cat /host-side/file; rm /host-side/file', { volumeMounts }, { volumes })
    expect(await (await cluster.createJob('host-reads', { backoffLimit: 0 }, reads)).output()).toBe('here\n')
  },

  'waits for a directory of its node that hostPath wants and that is not there': async (cluster) => {
    const hostPath = { path: `/tmp/${cluster.namespace}-missing`, type: 'Directory' }
    const volumeMounts = [{ name: 'host', mountPath: '/host-side' }]
    const job = await cluster.createJob(
      'host-missing',
      {},
      shell('true', { volumeMounts }, { volumes: [{ name: 'host', hostPath }] }),
    )
    const pod = await job.pod(({ status }) => status.containerStatuses !== undefined)
    const events = await job.events((all) => all.some(({ reason }) => reason === 'FailedMount'), pod)
    expect(events.find(({ reason }) => reason === 'FailedMount')?.message).toBe(
      `MountVolume.SetUp failed for volume "host" : hostPath type check failed: ${hostPath.path} is not a directory`,
    )
    expect(pod.status.phase).toBe('Pending')
  },

  'that failed leaves the end of its log as its message with FallbackToLogsOnError': async (cluster) => {
    const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' }
    const job = await cluster.createJob('fallback', { backoffLimit: 0 }, shell('echo broken; exit 1', fallback))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated?.message).toBe('broken\n')
  },

  'that succeeded leaves no message with FallbackToLogsOnError': async (cluster) => {
    const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' }
    const job = await cluster.createJob('no-fallback', {}, shell('echo fine', fallback))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated).not.toHaveProperty('message')
  },

  'keeps 4096 bytes of its termination message': async (cluster) => {
    const job = await cluster.createJob('long-words', {}, shell(`head -c 5000 /dev/zero | tr '\\0' x >${LAST_WORDS}`))
    await job.finished()
    expect(stateOf((await job.pods())[0]).terminated?.message).toBe('x'.repeat(4096))
  },

  'runs its command with its args, in its workingDir': async (cluster) => {
    const container = {
      command: ['sh', '-c', 'pwd; echo "$0 $*"', 'zero'],
      args: ['one', 'two three'],
      workingDir: '/usr',
    }
    const job = await cluster.createJob('command', {}, shell('', container))
    expect(await job.output()).toBe('/usr\nzero one two three\n')
  },

  'reads nothing from its standard input': async (cluster) => {
    const job = await cluster.createJob('stdin', {}, shell('wc -c'))
    expect((await job.output()).trim()).toBe('0')
  },

  'ends the processes that it started when it ends': async (cluster) => {
    const job = await cluster.createJob('children', {}, shell('sleep 600 & echo left'))
    expect(await job.output()).toBe('left\n')
  },

  'whose image no registry has waits in ErrImagePull, then ImagePullBackOff, and fails nothing': async (cluster) => {
    const job = await cluster.createJob('no-image', { backoffLimit: 0 }, shell('', NO_IMAGE))
    const reasons: (string | undefined)[] = []
    for await (const pod of job.podStates()) {
      const { waiting } = stateOf(pod)
      reasons.push(waiting?.reason)
      if (waiting?.reason !== 'ImagePullBackOff') continue
      expect(pod.status.phase).toBe('Pending')
      expect(waiting.message).toContain('Back-off pulling image "registry.invalid/none:1"')
      break
    }
    expect(reasons).toContain('ErrImagePull')
    const { status } = await job.read()
    expect(status).toMatchObject({ active: 1, ready: 0 })
    expect(status).not.toHaveProperty('failed')
  },

  'whose image cannot be pulled says so by events': async (cluster) => {
    const job = await cluster.createJob('no-image-told', {}, shell('', NO_IMAGE))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'ImagePullBackOff')
    const events = await job.events((all) => all.some(({ reason }) => reason === 'BackOff'), pod)
    const told = events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
    expect(told).toContain('Normal Pulling: Pulling image "registry.invalid/none:1"')
    expect(told).toContain('Warning Failed: Error: ErrImagePull')
    expect(told).toContain('Normal BackOff: Back-off pulling image "registry.invalid/none:1"')
  },

  'whose image name is not valid waits in InvalidImageName': async (cluster) => {
    const job = await cluster.createJob('bad-image', {}, shell('', { image: 'Not An Image' }))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'InvalidImageName')
    expect(pod.status.phase).toBe('Pending')
    expect(stateOf(pod).waiting?.message).toContain("couldn't parse image name")
  },

  'whose image may not be pulled and is not there waits in ErrImageNeverPull': async (cluster) => {
    const job = await cluster.createJob('never-pull', {}, shell('', { ...NO_IMAGE, imagePullPolicy: 'Never' }))
    const pod = await job.pod((each) => stateOf(each).waiting?.reason === 'ErrImageNeverPull')
    expect(stateOf(pod).waiting?.message).toBe(
      'Container image "registry.invalid/none:1" is not present with pull policy of Never',
    )
  },

  'runs after its init containers, which run one after the other': async (cluster) => {
    const pod = shell('sleep 0.2; date +%s%N')
    const [main] = pod.containers ?? []
    const initContainers = ['first', 'second'].map((name) => ({ ...main, name }))
    const job = await cluster.createJob('init', {}, { ...pod, initContainers } as typeof pod)
    await job.finished()
    const [done] = await job.pods()
    if (!done) throw new Error('no pod')
    const times = await Promise.all(['first', 'second', 'main'].map((container) => job.log(done, { container })))
    expect([...times].sort()).toEqual(times)
    expect(done.status.initContainerStatuses?.map(({ state }) => state.terminated?.exitCode)).toEqual([0, 0])
  },

  'does not run when an init container has failed': async (cluster) => {
    const pod = shell('true')
    const [main] = pod.containers ?? []
    const initContainers = [{ ...main, name: 'first', command: ['sh', '-c', 'exit 5'] }]
    const job = await cluster.createJob('init-failed', { backoffLimit: 0 }, { ...pod, initContainers } as typeof pod)
    expect((await job.finished()).status.failed).toBe(1)
    const [failed] = await job.pods()
    expect(failed?.status.phase).toBe('Failed')
    expect(failed?.status.initContainerStatuses?.[0]?.state.terminated?.exitCode).toBe(5)
    expect(stateOf(failed)).toMatchObject({ waiting: { reason: 'PodInitializing' } })
  },

  'belongs to its Job by labels and an owner reference': async (cluster) => {
    const job = await cluster.createJob('labelled', {}, shell(UNTIL_TERM))
    const { uid } = job.created.metadata
    const { metadata } = await job.pod()
    expect(metadata.labels).toEqual({
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': 'labelled',
      'controller-uid': uid,
      'job-name': 'labelled',
    })
    expect(metadata.ownerReferences).toEqual([
      { apiVersion: 'batch/v1', kind: 'Job', name: 'labelled', uid, controller: true, blockOwnerDeletion: true },
    ])
    expect(metadata.generateName).toBe('labelled-')
    expect(metadata.name).toMatch(/^labelled-[a-z0-9]{5}$/)
  },
}
