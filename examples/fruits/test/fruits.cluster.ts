import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ClusterBroker, POD_URL, startClusterBroker } from '@internal/testing/cluster-broker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRUITS, processedFruits, runDemo } from './run-demo.ts'

const run = promisify(execFile)

const cleanUp = new AsyncDisposableStack()
let kubeconfig: string
let broker: ClusterBroker

beforeAll(async () => {
  broker = cleanUp.use(await startClusterBroker('fruits'))
  // The current kubeconfig with that namespace as its default: what a user would work with.
  const folder = await mkdtemp(join(tmpdir(), 'podqueue-cluster-'))
  cleanUp.defer(() => rm(folder, { recursive: true }))
  kubeconfig = join(folder, 'kubeconfig')
  const { stdout } = await run('kubectl', ['config', 'view', '--raw', '--flatten', '--minify'])
  await writeFile(kubeconfig, stdout, { mode: 0o600 })
  const context = ['config', 'set-context', '--current', '--namespace', broker.namespace]
  await run('kubectl', ['--kubeconfig', kubeconfig, ...context])
})
afterAll(() => cleanUp.disposeAsync())

test.each([
  ['a handler', 'podqueue-fruits'],
  ['worker.py, unchanged', 'podqueue-fruits-program'],
])('the tutorial runs in pods with %s', async (_, image) => {
  const { code, stdout, stderr } = await runDemo(
    ['--cluster', 'kube', '--image', image, '--broker', broker.url, '--pod-broker', POD_URL],
    { KUBECONFIG: kubeconfig },
  ).exited
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(processedFruits(stdout)).toEqual(FRUITS)
  expect(stdout).toMatch(/^left over: 0$/m)
  expect(stdout, 'the pods print what their program prints, and nothing else').not.toMatch(/warning/i)
  const described = await broker.kubectl('describe', 'job', 'job-wq-1')
  expect(described).toMatch(/0 Active \(0 Ready\) \/ 8 Succeeded \/ 0 Failed/)
})

test('Ctrl-C in the middle leaves no Job, no Secret and no queue', async () => {
  const demo = runDemo(['--cluster', 'kube', '--broker', broker.url, '--pod-broker', POD_URL], {
    KUBECONFIG: kubeconfig,
  })
  await demo.printed('Processing')
  demo.interrupt()
  expect((await demo.exited).code).toBe(130)
  await expect
    .poll(() => broker.kubectl('get', 'jobs,pods,secrets', '--output', 'name', '--selector', 'app!=rabbitmq'), {
      timeout: 60_000,
    })
    .toBe('')
  const pod = (await broker.kubectl('get', 'pods', '--selector', 'app=rabbitmq', '--output', 'name')).trim()
  expect(await broker.kubectl('exec', pod, '--', 'rabbitmqctl', '--quiet', 'list_queues', 'name')).toBe('')
})
