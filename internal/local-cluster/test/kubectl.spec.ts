import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TestCluster } from './api-client.ts'

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    process.stderr.write('SKIPPED: the tests with kubectl, since this machine has none\n')
    return false
  }
})()

/** The Job of Kubernetes' tutorial, as it stands there. https://kubernetes.io/docs/tasks/job/coarse-parallel-processing-work-queue/ */
const TUTORIAL = `apiVersion: batch/v1
kind: Job
metadata:
  name: job-wq-1
spec:
  completions: 8
  parallelism: 2
  template:
    metadata:
      name: job-wq-1
    spec:
      containers:
      - name: c
        image: gcr.io/project/job-wq-1
        env:
        - name: BROKER_URL
          value: amqp://guest:guest@rabbitmq-service:5672
        - name: QUEUE
          value: job1
      restartPolicy: OnFailure
`

describe.skipIf(!hasKubectl)("kubectl, with the tutorial's job.yaml", () => {
  let cluster: TestCluster
  let folder: string
  let file: string
  const gate = () => join(folder, 'gate')
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'))
    file = join(folder, 'job.yaml')
    const worker = `echo "Processing $QUEUE"; until [ -e "${gate()}" ]; do sleep 0.05; done; echo done`
    cluster = await TestCluster.start({ images: { 'gcr.io/project/job-wq-1': ['sh', '-c', worker] } })
  })
  beforeEach(async () => {
    await rm(gate(), { force: true })
    await writeFile(file, TUTORIAL)
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const env = () => ({ ...process.env, HOME: folder, KUBECONFIG: cluster.cluster.kubeconfigPath })
  const kubectl = async (...args: string[]) => (await promisify(execFile)('kubectl', args, { env: env() })).stdout
  const refusal = (...args: string[]): Promise<string> =>
    kubectl(...args).then(
      (text) => `not refused: ${text}`,
      ({ stderr }: { stderr: string }) => stderr,
    )
  const open = () => writeFile(gate(), '')

  it('creates, shows, waits for, reads the log of, describes and deletes it', async () => {
    expect(await kubectl('create', '-f', file)).toBe('job.batch/job-wq-1 created\n')
    expect(await refusal('create', '-f', file)).toContain('(AlreadyExists)')
    const log = kubectl('logs', '-f', 'job/job-wq-1', '--pod-running-timeout=20s')
    await cluster.podThat('job-wq-1', ({ status }) => status.phase === 'Running')
    const wide = await kubectl('get', 'jobs,pods', '-o', 'wide')
    expect(wide).toMatch(
      /NAME\s+STATUS\s+COMPLETIONS\s+DURATION\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR\njob.batch\/job-wq-1\s+Running\s+0\/8\s+\S+\s+\S+\s+c\s+gcr.io\/project\/job-wq-1\s+batch.kubernetes.io\/controller-uid=/,
    )
    expect(wide).toMatch(/NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES\n/)
    expect(wide.match(/^pod\/job-wq-1-.*\slocal\s+<none>\s+<none>$/gm)).toHaveLength(2)
    await open()
    expect(await kubectl('wait', '--for=condition=complete', 'job/job-wq-1', '--timeout=50s')).toBe(
      'job.batch/job-wq-1 condition met\n',
    )
    expect(await log).toBe('Processing job1\ndone\n')
    const described = await kubectl('describe', 'job', 'job-wq-1')
    expect(described).toMatch(/Parallelism:\s+2\nCompletions:\s+8\n/)
    expect(described).toContain('Pods Statuses:    0 Active (0 Ready) / 8 Succeeded / 0 Failed')
    expect(described).toMatch(/QUEUE:\s+job1/)
    expect(described.match(/SuccessfulCreate\s+\S+\s+job-controller\s+Created pod: job-wq-1-/g)).toHaveLength(8)
    expect(described).toMatch(/Completed\s+\S+\s+job-controller\s+Job completed/)
    expect(await kubectl('describe', 'pods', '-l', 'job-name=job-wq-1')).toMatch(
      /Started\s+\S+\s+kubelet\s+Started container c/,
    )
    expect(await kubectl('delete', '-f', file)).toContain('job.batch "job-wq-1" deleted')
    expect(await kubectl('get', 'jobs,pods', '-o', 'name')).toBe('')
  })

  it('applies it, again unchanged, again changed, and is told what cannot be changed', async () => {
    const apply = () => kubectl('apply', '-f', file)
    expect(await apply()).toBe('job.batch/job-wq-1 created\n')
    expect(await apply()).toBe('job.batch/job-wq-1 unchanged\n')
    await writeFile(file, TUTORIAL.replace('parallelism: 2', 'parallelism: 3'))
    expect(await apply()).toBe('job.batch/job-wq-1 configured\n')
    expect(await kubectl('get', 'job', 'job-wq-1', '-o', 'jsonpath={.spec.parallelism} {.spec.completions}')).toBe(
      '3 8',
    )
    await writeFile(file, TUTORIAL.replace('value: job1', 'value: job2'))
    expect(await refusal('apply', '-f', file)).toMatch(
      /The Job "job-wq-1" is invalid: spec.template: Invalid value: .*: field is immutable/,
    )
    await writeFile(file, TUTORIAL.replace('completions: 8', 'completion: 8'))
    expect(await refusal('apply', '-f', file)).toContain('strict decoding error: unknown field "spec.completion"')
    await open()
    await kubectl('wait', '--for=condition=complete', 'job/job-wq-1', '--timeout=50s')
    await kubectl('delete', 'job', 'job-wq-1')
  })

  it('watches it from its first state to its last', async () => {
    const watching = spawn('kubectl', ['get', 'jobs', '-w'], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(watching, 'close')
    await kubectl('create', '-f', file)
    const seen: string[] = []
    for await (const line of createInterface(watching.stdout)) {
      seen.push(line.replace(/\s+/g, ' '))
      // kubectl takes its time to begin: no pod ends before it watches.
      if (line.includes(' 0/8 ')) await open()
      if (line.includes(' Complete ')) break
    }
    watching.kill()
    await closed
    expect(seen[0]).toBe('NAME STATUS COMPLETIONS DURATION AGE')
    expect(seen.at(-1)).toMatch(/^job-wq-1 Complete 8\/8 /)
    expect(seen.some((line) => /^job-wq-1 Running [1-7]\/8 /.test(line))).toBe(true)
    await kubectl('delete', 'job', 'job-wq-1')
  })

  it('shows events, accounts, Secrets and ConfigMaps, and keeps what it is asked to keep', async () => {
    const objects = join(folder, 'objects.yaml')
    await writeFile(
      objects,
      `apiVersion: v1
kind: Secret
metadata: { name: broker }
stringData: { url: 'amqp://broker' }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a: '1', b: '2' }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: worker }
`,
    )
    await kubectl('apply', '-f', objects)
    expect(await kubectl('get', 'secrets,configmaps,serviceaccounts')).toMatch(
      /secret\/broker\s+Opaque\s+1\s[\s\S]*configmap\/settings\s+2\s[\s\S]*serviceaccount\/default\s+0\s[\s\S]*serviceaccount\/worker/,
    )
    await kubectl('create', '-f', file)
    await cluster.podThat('job-wq-1', ({ status }) => status.phase === 'Running')
    expect(await kubectl('get', 'events')).toMatch(/Normal\s+SuccessfulCreate\s+job\/job-wq-1\s+Created pod: job-wq-1-/)
    await kubectl('label', 'job', 'job-wq-1', 'team=render')
    await kubectl('annotate', 'job', 'job-wq-1', 'note=mine')
    expect(
      await kubectl('get', 'jobs', '-l', 'team=render', '-o', 'jsonpath={.items[*].metadata.annotations.note}'),
    ).toBe('mine')
    await kubectl('delete', 'job', 'job-wq-1', '--cascade=orphan')
    expect((await kubectl('get', 'pods', '-o', 'name')).trim().split('\n')).toHaveLength(2)
    await kubectl('delete', 'pods', '--all', '--now')
  })

  it('creates by flags, asks for its rights and explains fields', async () => {
    expect(await kubectl('create', 'namespace', 'by-flags')).toBe('namespace/by-flags created\n')
    const inNamespace = (...args: string[]) => kubectl('-n', 'by-flags', ...args)
    await inNamespace('create', 'job', 'one', '--image=busybox', '--', 'echo', 'hello')
    await inNamespace('create', 'secret', 'generic', 'broker', '--from-literal=url=amqp://broker')
    await inNamespace('create', 'configmap', 'settings', '--from-literal=a=1')
    await inNamespace('create', 'serviceaccount', 'worker')
    await inNamespace('wait', '--for=condition=complete', 'job/one', '--timeout=50s')
    expect(await inNamespace('logs', 'job/one')).toBe('hello\n')
    expect(await inNamespace('get', 'secret', 'broker', '-o', 'jsonpath={.data.url}')).toBe('YW1xcDovL2Jyb2tlcg==')
    expect(await kubectl('auth', 'can-i', 'create', 'jobs')).toBe('yes\n')
    expect(await kubectl('auth', 'can-i', '--list')).toContain('[*]')
    expect(await kubectl('auth', 'whoami')).toContain('podqueue-local')
    expect(await kubectl('explain', 'job.spec.backoffLimit')).toMatch(/FIELD: backoffLimit <integer>/)
    expect(await kubectl('get', 'nodes')).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\nlocal\s+Ready\s/)
    await kubectl('delete', 'namespace', 'by-flags')
  })

  it('applies a List, and is told that a CronJob is not served', async () => {
    const list = join(folder, 'list.json')
    const items = ['a', 'b'].map((name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `listed-${name}` },
    }))
    await writeFile(list, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    expect(await kubectl('apply', '-f', list)).toBe('configmap/listed-a created\nconfigmap/listed-b created\n')
    const cron = join(folder, 'cron.json')
    const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly' }, spec: {} }
    await writeFile(cron, JSON.stringify(cronJob))
    expect(await refusal('apply', '-f', cron)).toContain('no matches for kind "CronJob"')
    expect(await refusal('create', 'cronjob', 'nightly', '--image=a', '--schedule=* * * * *')).toContain(
      'the resource cronjobs of batch/v1 is not supported by the local cluster',
    )
  })

  it('is told what the local cluster does not have', async () => {
    await kubectl('create', '-f', file)
    const pod = await cluster.podThat('job-wq-1', ({ status }) => status.phase === 'Running')
    const { name } = pod.metadata
    expect(await refusal('exec', name, '--', 'true')).toContain('pods/exec is not supported by the local cluster')
    expect(await refusal('attach', name)).toContain('pods/attach is not supported by the local cluster')
    expect(await refusal('port-forward', name, '8080:80')).toContain(
      'pods/portforward is not supported by the local cluster',
    )
    expect(await refusal('apply', '--server-side', '-f', file)).toContain(
      'server-side apply is not supported by the local cluster',
    )
    expect(await refusal('get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods')).toContain(
      'the resource pods of metrics.k8s.io/v1beta1 is not supported by the local cluster',
    )
    await kubectl('delete', 'job', 'job-wq-1', '--now')
  })
})
