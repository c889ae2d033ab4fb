import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** The command as it is installed. */
const COMMAND = fileURLToPath(new URL('../dist/podqueue-worker.js', import.meta.url))

let folder: string
const children = new Set<ChildProcessWithoutNullStreams>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-command-'))
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  await rm(folder, { recursive: true })
})

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      BROKER_URL: brokerUrl(),
      PODQUEUE_EMPTY_AFTER_MS: '200',
      PODQUEUE_TERMINATION_LOG: join(folder, 'termination'),
      ...environment,
    },
  })
  children.add(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const printed = async (text: string): Promise<void> => {
    while (!output.stdout.includes(text)) await once(child.stdout, 'data')
  }
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  return { child, printed, exited }
}

/** Ended processes whose parent has not looked yet do not count. */
function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
  return state !== '' && !state.startsWith('Z')
}

const run = (args: readonly string[], environment?: Readonly<Record<string, string>>) => start(args, environment).exited

test('0: the program got the body on its standard input and exited with 0, so the item is acked', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const { code, stdout, stderr } = await run(['--', 'cat'], { QUEUE: queue.name })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'apple', stderr: '' })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test('0: the queue is empty, and the program is not run', async () => {
  await using queue = await testQueue()
  const { code, stdout, stderr } = await run(['--queue', queue.name, '--', 'echo', 'ran'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  expect(stderr).toMatch(/empty/)
})

test('1: the program failed; its item is back, and the cause is on stderr and in the termination log', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const { code, stderr } = await run(['--queue', queue.name, '--', 'sh', '-c', 'exit 3'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/HANDLER_FAILED.*exited with 3/)
  expect(await readFile(join(folder, 'termination'), 'utf8')).toMatch(/HANDLER_FAILED.*exited with 3/)
  await queue.until(({ ready }) => ready === 1)
})

test('1: the program was ended by a signal', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const { code, stderr } = await run(['--queue', queue.name, '--', 'sh', '-c', 'kill -9 $$'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/SIGKILL/)
})

test.each([
  ['no program', []],
  ['an unknown option', ['--parallel', '2', '--', 'cat']],
  ['a word that --empty does not know', ['--empty', 'perhaps', '--', 'cat']],
])('64: %s', async (_, args) => {
  const { code, stderr, stdout } = await run(args, { QUEUE: 'q' })
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
  expect(stderr).toMatch(/USAGE: .*\n.*--help/)
})

test('69: no broker', async () => {
  const { code, stderr } = await run(['--queue', 'q', '--reconnect-for-ms', '100', '--', 'cat'], {
    BROKER_URL: 'amqp://user:s3cret@127.0.0.1:1',
  })
  expect(code).toBe(69)
  expect(stderr).toMatch(/BROKER_UNREACHABLE/)
  expect(stderr).not.toContain('s3cret')
})

test('75: the lease was lost; the program is ended with all that it started', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const worker = start(['--queue', queue.name, '--', 'sh', '-c', 'sleep 1000 & echo $!; wait'])
  await worker.printed('\n')
  await queue.channel.deleteQueue(queue.name)
  const { code, stdout, stderr } = await worker.exited
  expect(code).toBe(75)
  expect(stderr).toMatch(/LEASE_LOST/)
  await expect.poll(() => isRunning(Number(stdout)), { message: 'what the program started' }).toBe(false)
})

test('77: a wrong password', async () => {
  const url = Object.assign(new URL(brokerUrl()), { username: 'guest', password: 's3cret' }).href
  const { code, stderr } = await run(['--queue', 'q', '--', 'cat'], { BROKER_URL: url })
  expect(code).toBe(77)
  expect(stderr).toMatch(/CREDENTIALS_REFUSED/)
  expect(stderr).not.toContain('s3cret')
})

test.each([
  ['no queue', [], { QUEUE: '' }, /INVALID_OPTIONS.*\n.*QUEUE/],
  ['no broker address', ['--queue', 'q'], { BROKER_URL: '' }, /BROKER_URL_MISSING/],
  ['a number of items that is none', ['--queue', 'q'], { PODQUEUE_ITEMS: 'some' }, /PODQUEUE_ITEMS/],
])('78: %s', async (_, args, environment, message) => {
  const { code, stderr } = await run([...args, '--', 'cat'], environment)
  expect(code).toBe(78)
  expect(stderr).toMatch(message)
})

test('78: a program that is missing or not executable, before an item is touched', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const plain = join(folder, 'plain')
  await writeFile(plain, '#!/bin/sh\n')
  await chmod(plain, 0o644)
  for (const program of ['no-such-program', plain]) {
    const { code, stderr } = await run(['--queue', queue.name, '--', program])
    expect(code).toBe(78)
    expect(stderr).toMatch(/PROGRAM_NOT_FOUND/)
  }
  expect(await queue.channel.get(queue.name)).toMatchObject({ fields: { redelivered: false } })
})

test('143: SIGTERM reaches the program, and its item is released for the next worker', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const worker = start([
    '--queue',
    queue.name,
    '--',
    'sh',
    '-c',
    'trap "echo stopping; exit 1" TERM; echo up; sleep 1000 & wait',
  ])
  await worker.printed('up')
  worker.child.kill('SIGTERM')
  const { code, stdout } = await worker.exited
  expect({ code, stdout }).toEqual({ code: 143, stdout: 'up\nstopping\n' })
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
})

test('SIGTERM while waiting ends the wait', async () => {
  await using queue = await testQueue()
  const worker = start(['--queue', queue.name, '--empty', 'wait', '--', 'cat'])
  await queue.until(({ consumers }) => consumers === 1)
  worker.child.kill('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 143 })
})

test('the program sees what the message says, and not the address of the broker', async () => {
  await using queue = await testQueue()
  queue.channel.publish('', queue.name, Buffer.from('x'), { messageId: 'id-1', contentType: 'text/plain' })
  const { stdout } = await run(['--queue', queue.name, '--', 'env'], { MINE: 'kept' })
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'ITEM_ID=id-1',
      `ITEM_QUEUE=${queue.name}`,
      'ITEM_CONTENT_TYPE=text/plain',
      'ITEM_REDELIVERED=false',
      'ITEM_DELIVERY_COUNT=1',
      'MINE=kept',
    ]),
  )
  expect(stdout).not.toMatch(/BROKER_URL/)
})

test('a program that reads nothing of a large body has done its item all the same', async () => {
  await using queue = await testQueue()
  await queue.publish(Buffer.alloc(5_000_000))
  expect(await run(['--queue', queue.name, '--', 'true'])).toMatchObject({ code: 0, stderr: '' })
})

test('the address may be in a file', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const file = join(folder, 'broker-url')
  await writeFile(file, `${brokerUrl()}\n`)
  const outcome = await run(['--queue', queue.name, '--', 'cat'], { BROKER_URL: '', BROKER_URL_FILE: file })
  expect(outcome).toMatchObject({ code: 0, stdout: 'apple' })
})

test('--help lists options, environment and exit codes', async () => {
  const { code, stdout } = await run(['--help'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/--queue[\s\S]*--empty[\s\S]*BROKER_URL[\s\S]*143/)
})
