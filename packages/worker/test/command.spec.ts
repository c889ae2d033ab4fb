import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningCommand, startCommand } from './start-command.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-command-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): RunningCommand {
  return startCommand(args, {
    BROKER_URL: brokerUrl(),
    PODQUEUE_EMPTY_CHECK_DELAY_MS: '200',
    PODQUEUE_TERMINATION_LOG: join(folder, 'termination'),
    ...environment,
  })
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

test('0: the program exited with a code of --dead-letter-on, so its item is among the dead letters', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const script = 'echo "no such fruit, says amqp://me:s3cret@host" >&2; exit 66'
  const { code, stderr } = await run(['--queue', queue.name, '--dead-letter-on', '65,66', '--', 'sh', '-c', script])
  expect(code).toBe(0)
  expect(stderr).toMatch(/dead-letter queue.*exited with 66: no such fruit, says amqp:\/\/\*\*\*@host/)
  expect(await queue.drain('dead')).toEqual(['apple'])
})

test.each(['--items', 'PODQUEUE_ITEMS'])('0: %s=all takes all that there are, several at a time', async (how) => {
  await using queue = await testQueue()
  await queue.publish('a\n', 'b\n', 'c\n', 'd\n', 'e\n')
  const [args, environment] =
    how === '--items'
      ? [['--items', 'all', '--concurrency', '2'], {}]
      : [[], { PODQUEUE_ITEMS: 'all', PODQUEUE_CONCURRENCY: '2' }]
  const { code, stdout, stderr } = await run(
    [...args, '--queue', queue.name, '--', 'cat'],
    environment as Record<string, string>,
  )
  expect(code).toBe(0)
  expect(stdout.trim().split('\n').toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(stderr).toContain('5 done, 0 dead-lettered, 0 failed attempts')
})

test.each([
  ['--concurrency', ['--concurrency', '3'], {}],
  ['PODQUEUE_CONCURRENCY', [], { PODQUEUE_CONCURRENCY: '3' }],
])('0: %s runs that number of programs at the same time', async (_, args, environment) => {
  await using queue = await testQueue()
  await queue.publish('a', 'b', 'c')
  // Each program waits for the two others.
  const program = `touch ${folder}/started-$$; for i in $(seq 600); do
    [ $(ls ${folder} | grep -c started) = 3 ] && exit 0; sleep 0.05; done; exit 1`
  const outcome = await run(
    ['--queue', queue.name, '--items', '3', ...args, '--', 'sh', '-c', program],
    environment as Record<string, string>,
  )
  expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('3 done, 0 dead-lettered, 0 failed') })
})

test('0: --items takes that number of items and leaves the rest untouched', async () => {
  await using queue = await testQueue()
  await queue.publish('a', 'b', 'c')
  expect(await run(['--queue', queue.name, '--items', '2', '--', 'cat'])).toMatchObject({ code: 0, stdout: 'ab' })
  expect(await queue.channel.get(queue.name)).toMatchObject({ fields: { redelivered: false } })
})

test('0: --retries runs a program that fails again, with the item in hand', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const mark = join(folder, 'mark')
  const script = `[ -e ${mark} ] && exec cat; touch ${mark}; exit 1`
  const outcome = await run(['--queue', queue.name, '--retries', '1', '--', 'sh', '-c', script])
  expect(outcome).toMatchObject({ code: 0, stdout: 'apple' })
})

test('1: a run that fails everything gives up', async () => {
  await using queue = await testQueue()
  await queue.publish('a', 'b', 'c', 'd', 'e', 'f')
  const { code, stderr } = await run(['--queue', queue.name, '--items', 'all', '--concurrency', '6', '--', 'false'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/TOO_MANY_FAILURES/)
  await queue.until(({ ready }) => ready === 6)
})

test('78: a script whose interpreter is missing; its item goes back', async () => {
  await using queue = await testQueue()
  await queue.publish('apple')
  const script = join(folder, 'script')
  await writeFile(script, '#!/no/such/interpreter\n', { mode: 0o755 })
  const { code, stderr } = await run(['--queue', queue.name, '--', script])
  expect(code).toBe(78)
  expect(stderr).toMatch(/PROGRAM_NOT_FOUND.*cannot be started/)
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
})

test('143: a program that finishes after SIGTERM with 0 has done its item, and one that ignores it is killed', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const finishing = start(['--queue', queue.name, '--', 'sh', '-c', 'trap "exit 0" TERM; echo up; sleep 1000 & wait'])
  await finishing.printed('up')
  finishing.child.kill('SIGTERM')
  expect(await finishing.exited).toMatchObject({ code: 0 })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
  await queue.publish('b')
  const ignoring = start([
    ...['--queue', queue.name, '--kill-after-ms', '300', '--', 'sh', '-c'],
    'trap "" TERM; echo $$; while :; do sleep 1; done',
  ])
  await ignoring.printed('\n')
  ignoring.child.kill('SIGTERM')
  const { code, stdout } = await ignoring.exited
  expect(code).toBe(143)
  expect(isRunning(Number(stdout))).toBe(false)
  await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
})

test('what a program leaves behind is ended with it', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const { code, stdout } = await run(['--queue', queue.name, '--', 'sh', '-c', 'sleep 1000 >/dev/null & echo $!'])
  expect(code).toBe(0)
  await expect.poll(() => isRunning(Number(stdout)), { message: 'the orphan' }).toBe(false)
})

test('the program goes on with the trace of the publisher', async () => {
  await using queue = await testQueue()
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  queue.channel.publish('', queue.name, Buffer.from('x'), { headers: { traceparent, tracestate: 'k=v' } })
  const { stdout } = await run(['--queue', queue.name, '--', 'env'])
  expect(stdout.split('\n')).toEqual(expect.arrayContaining([`TRACEPARENT=${traceparent}`, 'TRACESTATE=k=v']))
})

test('a program that keeps the processor busy for three heartbeats keeps its lease', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const url = `${brokerUrl()}?heartbeat=1`
  const busy = 'const end = Date.now() + 4000; while (Date.now() < end);'
  const outcome = await run(['--queue', queue.name, '--', process.execPath, '-e', busy], { BROKER_URL: url })
  expect(outcome).toMatchObject({ code: 0, stderr: '' })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test('a body of 10 MB reaches a program that reads it slowly, every byte of it', async () => {
  await using queue = await testQueue()
  const body = randomBytes(10_000_000)
  await queue.publish(body)
  // Slower than the worker writes: the pipe is full nearly all the time.
  const slowly =
    'while dd bs=500000 count=1 iflag=fullblock status=none | tee piece && [ -s piece ]; do sleep 0.02; done'
  const { code, stdout, stderr } = await run([
    '--queue',
    queue.name,
    '--',
    'sh',
    '-c',
    `cd ${folder}; (${slowly}) | sha256sum`,
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split(' ')[0]).toBe(createHash('sha256').update(body).digest('hex'))
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test('a program that closes its standard input at once and works on has done its item', async () => {
  await using queue = await testQueue()
  await queue.publish(randomBytes(10_000_000))
  const goOn = join(folder, 'go-on')
  execFileSync('mkfifo', [goOn])
  const program = `exec <&-; echo closed; read -r _ <${goOn}; echo finished`
  const worker = start(['--queue', queue.name, '--', 'sh', '-c', program])
  await worker.printed('closed')
  await writeFile(goOn, 'on\n')
  expect(await worker.exited).toEqual({ code: 0, stdout: 'closed\nfinished\n', stderr: '' })
  await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
})

test.each([
  ['no program', []],
  ['an invalid number of items', ['--items', '0', '--', 'cat']],
  ['invalid exit codes', ['--dead-letter-on', '0,300', '--', 'cat']],
  ['an unknown option', ['--parallel', '2', '--', 'cat']],
  ['a word that --empty does not know', ['--empty', 'perhaps', '--', 'cat']],
  ['an --idle-timeout-ms in which a dead worker is not noticed', ['--idle-timeout-ms', '24000', '--', 'cat']],
  ['no program at a time', ['--concurrency', '0', '--', 'cat']],
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

test('70: a bug of podqueue, an unexpected exception, is reported with its place', async () => {
  const broken = "process.getBuiltinModule('node:os').hostname=()=>{throw%20new%20Error('broken')}"
  const { code, stderr } = await run(['--queue', 'q', '--', 'cat'], {
    NODE_OPTIONS: `--import=data:text/javascript,${broken}`,
  })
  expect(code).toBe(70)
  expect(stderr).toMatch(/bug in podqueue[\s\S]*broken\n\s+at /)
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
  ['no queue', [], { QUEUE: '' }, /INVALID_OPTIONS.*queue: .*QUEUE/],
  ['no broker address', ['--queue', 'q'], { BROKER_URL: '' }, /BROKER_URL_MISSING[\s\S]*amqp:\/\/user:password@host/],
  ['an invalid number of items', ['--queue', 'q'], { PODQUEUE_ITEMS: 'some' }, /PODQUEUE_ITEMS/],
])('78: %s', async (_, args, environment, message) => {
  const { code, stderr } = await run([...args, '--', 'cat'], environment)
  expect(code).toBe(78)
  expect(stderr).toMatch(message)
})

test.each([
  ['PODQUEUE_IDLE_TIMEOUT_MS', '24000', /idleTimeoutMs: .*24001.*24000/],
  ['PODQUEUE_EMPTY_CHECK_DELAY_MS', '0', /emptyCheckDelayMs: .*not 0/],
  ['PODQUEUE_EMPTY', 'perhaps', /empty: .*not 'perhaps'/],
  ['PODQUEUE_CONCURRENCY', 'many', /concurrency: .*not NaN/],
])('78: %s is %s, which no worker can do', async (variable, value, message) => {
  const { code, stderr } = await run(['--', 'cat'], { QUEUE: 'q', [variable]: value })
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

test.each([
  ['--empty wait', ['--empty', 'wait'], {}],
  ['PODQUEUE_EMPTY=wait', [], { PODQUEUE_EMPTY: 'wait' }],
])('SIGTERM while waiting, as by %s, ends the wait', async (_, args, environment) => {
  await using queue = await testQueue()
  const worker = start(['--queue', queue.name, ...args, '--', 'cat'], environment as Record<string, string>)
  await queue.until(({ consumers }) => consumers === 1)
  worker.child.kill('SIGTERM')
  expect(await worker.exited).toMatchObject({ code: 143 })
})

test('the program sees what the message says, and not the address of the broker', async () => {
  await using queue = await testQueue()
  queue.channel.publish('', queue.name, Buffer.from('x'), { messageId: 'id-1', contentType: 'text/plain' })
  const file = join(folder, 'broker-url')
  await writeFile(file, brokerUrl())
  const { stdout } = await run(['--queue', queue.name, '--', 'env'], { MINE: 'kept', BROKER_URL_FILE: file })
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

test('an item whose id holds a NUL, with a broken trace, is run all the same', async () => {
  await using queue = await testQueue()
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01\nEVIL=1` }
  queue.channel.publish('', queue.name, Buffer.from('x'), { messageId: 'a\0b', headers })
  const { code, stdout } = await run(['--queue', queue.name, '--', 'env'])
  expect(code).toBe(0)
  expect(stdout).not.toMatch(/EVIL|TRACEPARENT|ITEM_ID/)
})

test.each([
  ['a FIFO without a reader', (path: string) => void execFileSync('mkfifo', [path])],
  ['a folder', (path: string) => mkdir(path)],
])('a termination log that is %s does not block the worker, and its exit code stays', async (_, make) => {
  await using queue = await testQueue()
  await queue.publish('apple')
  await make(join(folder, 'termination'))
  const { code, stderr } = await run(['--queue', queue.name, '--', 'false'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/HANDLER_FAILED/)
})

test('the termination log holds the last cause alone, and no more than Kubernetes keeps', async () => {
  const file = join(folder, 'termination')
  await writeFile(file, 'x'.repeat(10_000))
  await run(['--queue', 'q'.repeat(300), '--', 'cat'])
  const text = await readFile(file, 'utf8')
  expect(text).toMatch(/^INVALID_OPTIONS/)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096)
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
  expect(stdout).toMatch(/--queue[\s\S]*--items[\s\S]*--empty[\s\S]*BROKER_URL[\s\S]*143/)
})
