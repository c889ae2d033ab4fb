import { mkdtemp, mkdtempDisposable, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '@internal/testing/broker-url'
import { markedProcesses } from '@internal/testing/marked-processes'
import { connect } from 'amqplib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FRUITS, processedFruits, runDemo } from './run-demo.ts'

// A place for temporary files that is only this test's: what is left in it was left by the demo, and the processes that
// have it in their environment are the demo's, its pods among them.
let temporary: string

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'podqueue-test-'))
})
afterEach(() => rm(temporary, { recursive: true }))

async function expectNothingLeft(stdout: string): Promise<void> {
  expect(await readdir(temporary), 'temporary files').toEqual([])
  expect(await markedProcesses('TMPDIR', temporary), 'processes').toEqual([])
  expect(await demoQueues(stdout), 'queues').toBe(0)
}

async function demoQueues(stdout: string): Promise<number> {
  const queue = /podqueue-demo-\w+/.exec(stdout)?.[0]
  if (queue === undefined) return 0
  const connection = await connect(brokerUrl())
  const channel = await connection.createChannel()
  channel.on('error', () => {})
  const there = await channel.checkQueue(queue).then(
    () => 1,
    () => 0,
  )
  await connection.close()
  return there
}

describe('the demo on the local cluster', () => {
  test.each(['podqueue-fruits', 'podqueue-fruits-program'])(
    'does every fruit once, and draws the run, with image %s',
    async (image) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'podqueue-test-'))
      const report = join(folder.path, 'run.html')
      const args = ['--image', image, '--broker', brokerUrl(), '--report', report]
      const { code, stdout, stderr } = await runDemo(args, { TMPDIR: temporary }).exited
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(processedFruits(stdout)).toEqual(FRUITS)
      expect(stdout).toMatch(/^items: 8\ndone: 8\nfailed attempts: 0\nleft over: 0\nseconds: \d+/m)
      const page = await readFile(report, 'utf8')
      for (const text of ['job-wq-1', 'succeeded (8)', 'items done: 8 of 8']) expect(page).toContain(text)
      await expectNothingLeft(stdout)
    },
  )

  test('leaves nothing behind on Ctrl-C', async () => {
    const demo = runDemo(['--broker', brokerUrl()], { TMPDIR: temporary })
    await demo.printed('Processing')
    demo.interrupt()
    const { code, stdout, stderr } = await demo.exited
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
    expect(stdout).toMatch(/interrupted/)
    await expectNothingLeft(stdout)
  })
})

test('the Job as YAML is printed without starting anything', async () => {
  const { code, stdout } = await runDemo(['--yaml']).exited
  expect(code).toBe(0)
  expect(stdout).toMatch(/kind: Secret[\s\S]*---[\s\S]*kind: Job[\s\S]*completions: 8/)
})

describe('bad input ends with what to do, without a stack trace or a password', () => {
  test.each([
    ['an unknown option', ['--klaster', 'kube'], {}, 64, /unknown option '--klaster'[\s\S]*--help/],
    ['an unknown cluster', ['--cluster', 'moon'], {}, 64, /local, kube/],
    ['no broker for pods', ['--cluster', 'kube'], {}, 64, /--pod-broker/],
    ['no broker there', ['--broker', 'amqp://user:s3cret@127.0.0.1:1'], {}, 69, /BROKER_UNREACHABLE/],
    ['a string that is not an address', ['--broker', 'http://user:s3cret@host'], {}, 78, /BROKER_URL_INVALID/],
    [
      'no kubeconfig',
      ['--cluster', 'kube', '--broker', 'BROKER', '--pod-broker', 'amqp://user:s3cret@rabbitmq-service:5672'],
      { KUBECONFIG: '/nonexistent/kubeconfig' },
      78,
      /KUBECONFIG_MISSING[\s\S]*\/nonexistent\/kubeconfig/,
    ],
    ['a report of another kind', ['--report', 'run.pdf'], {}, 64, /run\.html/],
    ['a report that cannot be written', ['--broker', 'BROKER', '--report', '/nonexistent/run.html'], {}, 64, /ENOENT/],
    ['an image that is not there', ['--broker', 'BROKER', '--image', 'no-such-image'], {}, 64, /no-such-image/],
  ])('%s', async (_, args, environment, exitCode, message) => {
    const given = args.map((arg) => (arg === 'BROKER' ? brokerUrl() : arg))
    const { code, stderr } = await runDemo(given, environment).exited
    expect(stderr).toMatch(message)
    expect(code).toBe(exitCode)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stderr).not.toContain('s3cret')
  })

  test('a wrong password', async () => {
    const url = Object.assign(new URL(brokerUrl()), { username: 'guest', password: 's3cret' }).href
    const { code, stderr } = await runDemo(['--broker', url]).exited
    expect(code).toBe(77)
    expect(stderr).toMatch(/CREDENTIALS_REFUSED/)
    expect(stderr).not.toContain('s3cret')
  })
})
