import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf, isAlive, JOBS, PODS, SECRETS, shell, TestCluster } from './api-client.ts'

let cluster: TestCluster
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pods-spec-'))
  cluster = await TestCluster.start({
    cwd: folder,
    images: {
      'echo:1': ['sh', '-c', 'echo "$0 $*"', 'entry'],
      'programs:1': { entrypoint: ['true'], programs: { '/app/say': 'echo' } },
    },
  })
})
afterAll(async () => {
  await cluster[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function output(job: string): Promise<string> {
  await cluster.finished(job)
  const [pod] = await cluster.pods(job)
  return pod ? cluster.log(pod) : ''
}

const firstState = async (job: string) => (await cluster.pods(job))[0]?.status.containerStatuses?.[0]?.state

describe('a pod', () => {
  it('keeps standard output and standard error in the order in which they were written', async () => {
    await cluster.createJob(
      'order',
      {},
      { command: shell('echo 1; echo 2 >&2; echo 3; echo 4 >/dev/stderr; printf 5') },
    )
    expect(await output('order')).toBe('1\n2\n3\n4\n5')
  })

  it('gives the end of its log, the lines since a time, and their times', async () => {
    await cluster.createJob('lines', {}, { command: shell('for i in 1 2 3 4; do echo $i; done') })
    await cluster.finished('lines')
    const [pod] = await cluster.pods('lines')
    if (!pod) throw new Error('no pod')
    expect(await cluster.log(pod, 'tailLines=2')).toBe('3\n4\n')
    const timed = await cluster.log(pod, 'timestamps=true')
    expect(timed).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 1\n/)
    expect(await cluster.log(pod, `sinceTime=${new Date(Date.now() + 1000).toISOString()}`)).toBe('')
  })

  it('shows its log as it is written, until its end', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'gate')])
    await cluster.createJob('following', {}, { command: shell('echo start; cat gate; echo end') })
    const pod = await cluster.podThat('following', ({ status }) => status.phase === 'Running')
    const log = cluster.log(pod, 'follow=true')
    // A pipe is opened when both ends are: the pod has written its first line, and now it goes on.
    await writeFile(join(folder, 'gate'), 'middle\n')
    expect(await log).toBe('start\nmiddle\nend\n')
  })

  it('runs the command of its image with its args, and its own command instead of it', async () => {
    const spec = (extra: object) => ({
      restartPolicy: 'Never' as const,
      containers: [{ name: 'main', image: 'echo:1', ...extra }],
    })
    await cluster.createJob('entry', {}, spec({ args: ['a', 'b'] }))
    expect(await output('entry')).toBe('entry a b\n')
    await cluster.createJob('own', {}, spec({ command: ['echo', 'mine'], args: ['c'] }))
    expect(await output('own')).toBe('mine c\n')
  })

  it('runs the program of this machine that its image names for one of its own', async () => {
    const spec = (extra: object) => ({
      restartPolicy: 'Never' as const,
      containers: [{ name: 'main', image: 'programs:1', ...extra }],
    })
    await cluster.createJob('program', {}, spec({ command: ['/app/say', '/app/say'] }))
    expect(await output('program')).toBe('/app/say\n')
    await cluster.createJob('program-missing', { backoffLimit: 0 }, spec({ command: ['/app/other'] }))
    await cluster.finished('program-missing')
    expect((await firstState('program-missing'))?.terminated?.reason).toBe('StartError')
  })

  it('of an image without an entry waits in ImagePullBackOff and does not fail the Job', async () => {
    await cluster.createJob('no-image', { backoffLimit: 0 })
    const seen: (string | undefined)[] = []
    await cluster.podThat('no-image', ({ status }) => {
      seen.push(status.containerStatuses?.[0]?.state.waiting?.reason)
      return seen.at(-1) === 'ImagePullBackOff'
    })
    const [pod] = await cluster.pods('no-image')
    expect(pod?.status.phase).toBe('Pending')
    expect((await cluster.job('no-image')).status).toMatchObject({ active: 1, ready: 0 })
    const reasons = (await cluster.events(pod?.metadata.name ?? '')).map(({ message }) => message)
    expect(reasons).toContain('Error: ErrImagePull')
    expect(reasons).toContain('Back-off pulling image "any"')
  })

  it('whose image name is not valid waits in InvalidImageName', async () => {
    await cluster.createJob('bad-image', {}, { containers: [{ name: 'main', image: 'Not An Image' }] })
    const pod = await cluster.podThat(
      'bad-image',
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'InvalidImageName',
    )
    expect(pod.status.phase).toBe('Pending')
  })

  it('sees literals, Secrets, fields and $(VAR), and of this process only the usual variables', async () => {
    process.env.PODQUEUE_TEST_SECRET = 'never seen'
    await cluster.call('POST', SECRETS, { metadata: { name: 'keys' }, stringData: { url: 'amqp://broker', more: 'm' } })
    const env = [
      { name: 'PLAIN', value: 'plain' },
      { name: 'URL', valueFrom: { secretKeyRef: { name: 'keys', key: 'url' } } },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['job-name']" } } },
      { name: 'BOTH', value: '$(PLAIN)-$(URL)-$$(PLAIN)-$(UNKNOWN)' },
    ]
    const script = 'echo "$1|$URL|$LABEL|$BOTH|$from_more|$PODQUEUE_TEST_SECRET|"; [ "$POD" = "$HOSTNAME" ]'
    await cluster.createJob(
      'env',
      { backoffLimit: 0 },
      {
        containers: [
          {
            name: 'main',
            image: 'any',
            command: ['sh', '-c', script, 'sh', '$(PLAIN)'],
            env,
            envFrom: [{ prefix: 'from_', secretRef: { name: 'keys' } }],
          },
        ],
      },
    )
    expect(await output('env')).toBe('plain|amqp://broker|env|plain-amqp://broker-$(PLAIN)-$(UNKNOWN)|m||\n')
    expect(conditionOf(await cluster.job('env'), 'Complete')).toBeDefined()
  })

  it('whose Secret is missing waits in CreateContainerConfigError, and starts when it is there', async () => {
    const valueFrom = { secretKeyRef: { name: 'late', key: 'k' } }
    const containers = [{ name: 'main', image: 'any', command: shell('echo $A'), env: [{ name: 'A', valueFrom }] }]
    await cluster.createJob('config', {}, { containers })
    const pod = await cluster.podThat(
      'config',
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
    )
    expect(pod.status.containerStatuses?.[0]?.state.waiting?.message).toBe('secret "late" not found')
    await cluster.call('POST', SECRETS, { metadata: { name: 'late' }, stringData: { k: 'there' } })
    expect(await output('config')).toBe('there\n')
  })

  it('whose command does not exist ends in StartError with 128', async () => {
    await cluster.createJob('no-command', { backoffLimit: 0 }, { command: ['/no/such/program'] })
    await cluster.finished('no-command')
    expect((await firstState('no-command'))?.terminated).toMatchObject({ exitCode: 128, reason: 'StartError' })
  })

  it('that a signal ends has exit code 128 and its number', async () => {
    await cluster.createJob('signal', { backoffLimit: 0 }, { command: shell('kill -KILL $$$$') })
    await cluster.finished('signal')
    expect((await firstState('signal'))?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
  })

  it('has a termination message: from its file, else after a failure the end of its log', async () => {
    await cluster.createJob('says', {}, { command: shell('echo told >"$PODQUEUE_TERMINATION_LOG"') })
    await cluster.finished('says')
    expect((await firstState('says'))?.terminated?.message).toBe('told\n')
    const container = { name: 'main', image: 'any', command: shell('echo broken; exit 1') }
    const containers = [{ ...container, terminationMessagePolicy: 'FallbackToLogsOnError' as const }]
    await cluster.createJob('falls', { backoffLimit: 0 }, { containers })
    await cluster.finished('falls')
    expect((await firstState('falls'))?.terminated?.message).toBe('broken\n')
  })

  it('has one event that names its fields without effect', async () => {
    const securityContext = { runAsUser: 65532 }
    await cluster.createJob(
      'ignored',
      {},
      { containers: [{ name: 'main', image: 'any', command: ['true'], securityContext }] },
    )
    await cluster.finished('ignored')
    const [pod] = await cluster.pods('ignored')
    const told = (await cluster.events(pod?.metadata.name ?? '')).filter(({ reason }) => reason === 'FieldsIgnored')
    expect(told).toHaveLength(1)
    expect(told[0]?.message).toMatch(/securityContext$/)
  })

  it('is given its grace when its Job is deleted in the background, and then ended with all that it started', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'pids')])
    const script = 'trap "" TERM; sleep 600 & echo $$$$ $! >pids; wait; wait'
    await cluster.createJob('deleted', {}, { command: shell(script), terminationGracePeriodSeconds: 1 })
    const pod = await cluster.podThat('deleted', ({ status }) => status.phase === 'Running')
    const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split(' ').map(Number)
    const { body } = await cluster.call('DELETE', `${JOBS}/deleted`, { propagationPolicy: 'Background' })
    expect(body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'deleted', group: 'batch', kind: 'jobs' },
    })
    for await (const { type } of cluster.watch(PODS, {
      fieldSelector: `metadata.name=${pod.metadata.name}`,
      resourceVersion: '1',
    })) {
      if (type === 'DELETED') break
    }
    expect(pids).toHaveLength(2)
    for (const pid of pids) expect(await isAlive(pid)).toBe(false)
  })

  it('shows a follower its whole log, also when its first line comes with its end and it is deleted', async () => {
    await promisify(execFile)('mkfifo', [join(folder, 'waiting')])
    const script = 'trap "echo farewell; exit 0" TERM; sleep 600 & echo $$$$ >waiting; wait'
    await cluster.createJob('farewell', {}, { command: shell(script) })
    const pod = await cluster.podThat('farewell', ({ status }) => status.phase === 'Running')
    const pid = (await readFile(join(folder, 'waiting'), 'utf8')).trim()
    const heard = await cluster.follow(pod)
    await cluster.call('DELETE', `${JOBS}/farewell`, { propagationPolicy: 'Background' })
    // The cluster is this process: while it waits here, the output and the end arrive, to be read in one turn.
    execFileSync('sh', ['-c', `while kill -0 ${pid} 2>/dev/null; do sleep 0.01; done`])
    expect(await heard.text()).toBe('farewell\n')
  })
})
