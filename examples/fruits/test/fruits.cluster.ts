import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRUITS, processedFruits, runDemo } from './run-demo.ts'

const run = promisify(execFile)

const namespace = `podqueue-fruits-${randomBytes(4).toString('hex')}`
const cleanUp = new AsyncDisposableStack()
let kubeconfig: string
let broker: string

const kubectl = async (...args: string[]): Promise<string> =>
  (await run('kubectl', ['--kubeconfig', kubeconfig, ...args])).stdout

beforeAll(async () => {
  // The current kubeconfig with a namespace of the test's own as its default: what a user would work with.
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-cluster-'))
  cleanUp.defer(() => rm(folder, { recursive: true }))
  kubeconfig = join(folder, 'kubeconfig')
  const { stdout } = await run('kubectl', ['config', 'view', '--raw', '--flatten', '--minify'])
  await writeFile(kubeconfig, stdout, { mode: 0o600 })
  await kubectl('create', 'namespace', namespace)
  cleanUp.defer(async () => void (await kubectl('delete', 'namespace', namespace, '--wait=false')))
  await kubectl('config', 'set-context', '--current', '--namespace', namespace)
  await kubectl('apply', '--filename', fileURLToPath(new URL('../rabbitmq.yaml', import.meta.url)))
  await kubectl('rollout', 'status', 'deployment/rabbitmq', '--timeout=180s')

  const forward = spawn('kubectl', ['--kubeconfig', kubeconfig, 'port-forward', 'service/rabbitmq-service', ':5672'])
  cleanUp.defer(async () => {
    forward.kill()
    if (forward.exitCode === null && forward.signalCode === null) await once(forward, 'exit')
  })
  for await (const line of createInterface(forward.stdout)) {
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1]
    if (port === undefined) continue
    broker = `amqp://127.0.0.1:${port}`
    break
  }
  // Whatever it says later must not fill the pipe.
  forward.stdout.resume()
})
afterAll(() => cleanUp.disposeAsync())

test.each([
  ['a handler', 'podqueue-fruits'],
  ['worker.py, unchanged', 'podqueue-fruits-program'],
])('the tutorial runs in pods with %s', async (_, image) => {
  const { code, stdout, stderr } = await runDemo(
    ['--cluster', 'kube', '--image', image, '--broker', broker, '--pod-broker', 'amqp://rabbitmq-service:5672'],
    { KUBECONFIG: kubeconfig },
  ).exited
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(processedFruits(stdout)).toEqual(FRUITS)
  expect(stdout).toMatch(/^left over: 0$/m)
  const described = await kubectl('describe', 'job', 'job-wq-1')
  expect(described).toMatch(/0 Active \(0 Ready\) \/ 8 Succeeded \/ 0 Failed/)
})

test('Ctrl-C in the middle leaves no Job, no Secret and no queue', async () => {
  const demo = runDemo(['--cluster', 'kube', '--broker', broker, '--pod-broker', 'amqp://rabbitmq-service:5672'], {
    KUBECONFIG: kubeconfig,
  })
  await demo.printed('Processing')
  demo.interrupt()
  expect((await demo.exited).code).toBe(130)
  await expect
    .poll(() => kubectl('get', 'jobs,pods,secrets', '--output', 'name', '--selector', 'app!=rabbitmq'), {
      timeout: 60_000,
    })
    .toBe('')
  const pod = (await kubectl('get', 'pods', '--selector', 'app=rabbitmq', '--output', 'name')).trim()
  expect(await kubectl('exec', pod, '--', 'rabbitmqctl', '--quiet', 'list_queues', 'name')).toBe('')
})
