import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { uniqueName } from '@internal/testing'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, describe, expect, test } from 'vitest'
import { COMMAND, type RunningCommand, startCommand } from './start-command.ts'

const IMAGE = 'node:24-bookworm-slim'
const docker = promisify(execFile)

/** Why these tests cannot run here, said once. */
async function whyNot(): Promise<string | undefined> {
  // Elsewhere Docker runs in a virtual machine, from which the broker of these tests is not on loopback.
  if (process.platform !== 'linux') return `Docker shares no network with ${process.platform}`
  try {
    await docker('docker', ['image', 'inspect', IMAGE])
    return undefined
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error).trim()
    return `${said || error} (they need Docker, and docker pull ${IMAGE})`
  }
}

const reason = await whyNot()
if (reason !== undefined) process.stderr.write(`skipped: the command as process 1 of a container: ${reason}\n`)

/** The variables that the docker command itself reads. */
const OURS = Object.fromEntries(
  Object.entries(process.env).filter(([name, value]) => /^(HOME|DOCKER_\w+)$/.test(name) && value !== undefined),
) as Record<string, string>

const containers = new Set<string>()

interface Container extends RunningCommand {
  /** As a kubelet ends a container: SIGTERM, and SIGKILL, which is exit code 137, to who is still there after a minute. */
  stop(): Promise<void>
}

/** Runs the command as process 1 of a container, in the network of this machine. */
function contain(args: readonly string[]): Container {
  const name = uniqueName('podqueue-worker')
  containers.add(name)
  const running = startCommand(
    [
      ...['run', '--name', name, '--network', 'host', '--volume', `${dirname(COMMAND)}:/podqueue:ro`],
      ...[
        '--env',
        'BROKER_URL',
        '--env',
        'PODQUEUE_EMPTY_CHECK_DELAY_MS',
        '--entrypoint',
        '/podqueue/podqueue-worker.js',
      ],
      ...[IMAGE, ...args],
    ],
    { ...OURS, BROKER_URL: brokerUrl(), PODQUEUE_EMPTY_CHECK_DELAY_MS: '200' },
    ['docker'],
  )
  return {
    ...running,
    stop: async () => {
      await docker('docker', ['stop', '--time', '60', name])
    },
  }
}

afterEach(async () => {
  for (const name of containers) await docker('docker', ['rm', '--force', '--volumes', name])
  containers.clear()
})

describe.skipIf(reason !== undefined)('as process 1 of a container', () => {
  test('SIGTERM reaches the program: one that finishes with 0 has done its item', async () => {
    await using queue = await testQueue()
    await queue.publish('a')
    const finishing = 'trap "echo stopping; exit 0" TERM; echo "child of $PPID"; sleep 1000 & wait'
    const worker = contain(['--queue', queue.name, '--', 'sh', '-c', finishing])
    await worker.printed('child of')
    await worker.stop()
    expect(await worker.exited).toMatchObject({ code: 0, stdout: 'child of 1\nstopping\n' })
    await queue.until(({ ready, consumers }) => ready === 0 && consumers === 0)
  })

  test.each([
    ['that ends by it ends the worker with 143', 'echo up; exec sleep 1000'],
    ['that ignores it is followed by SIGKILL, 143', 'trap "" TERM; echo up; while :; do sleep 1; done'],
  ])('SIGTERM to a program %s, and its item is released for the next worker', async (_, program) => {
    await using queue = await testQueue()
    await queue.publish('a')
    const worker = contain(['--queue', queue.name, '--kill-after-ms', '500', '--', 'sh', '-c', program])
    await worker.printed('up')
    await worker.stop()
    const { code, stderr } = await worker.exited
    expect(code).toBe(143)
    expect(stderr).toMatch(/RELEASED/)
    await queue.until(({ ready, consumers }) => ready === 1 && consumers === 0)
  })

  test('SIGTERM ends the wait for an item: 143', async () => {
    await using queue = await testQueue()
    const worker = contain(['--queue', queue.name, '--empty', 'wait', '--', 'cat'])
    await queue.until(({ consumers }) => consumers === 1)
    await worker.stop()
    expect(await worker.exited).toMatchObject({ code: 143 })
  })

  test('what a program leaves behind is ended before the next item', async () => {
    await using queue = await testQueue()
    await queue.publish('first', 'second')
    // No process reaps it: it stays as a zombie, Z, as the README says.
    const state = 'cut -d" " -f3 "/proc/$(cat /tmp/left)/stat"'
    const program = `if [ -e /tmp/left ]; then until [ "$(${state})" = Z ]; do sleep 0.1; done; echo ended
      else sleep 1000 >/dev/null & echo $! >/tmp/left; fi`
    const worker = contain(['--queue', queue.name, '--items', '2', '--', 'sh', '-c', program])
    expect(await worker.exited).toMatchObject({ code: 0, stdout: 'ended\n' })
  })
})
