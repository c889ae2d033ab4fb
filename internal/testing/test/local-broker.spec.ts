import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'amqplib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { localhostWay } from '../src/broker/localhost-broker.ts'
import { DIRECTORY_MARK } from '../src/broker/server-files.ts'
import { findServer } from '../src/broker/server-program.ts'
import { openFirst } from '../src/broker/way.ts'
import { NoBrokerError, startLocalBroker, uniqueName } from '../src/index.ts'
import { markedProcesses } from '../src/marked-processes.ts'
import { startOwner } from './owner.ts'

const announce = () => {}
const here = (await findServer()) !== undefined

// A place for temporary files that is only this test's, so that "nothing is left" can be seen.
let temporary: string

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'podqueue-test-'))
  vi.stubEnv('TMPDIR', temporary)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(temporary, { recursive: true })
})

describe.skipIf(!here)('a local broker (needs an installed rabbitmq-server)', () => {
  test('takes a quorum queue and what is put into it as soon as it is there', async () => {
    await using broker = await startLocalBroker({ announce })
    const connection = await connect(broker.url)
    const channel = await connection.createConfirmChannel()
    const queue = uniqueName('fruits')
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    channel.sendToQueue(queue, Buffer.from('apple'), { persistent: true })
    await channel.waitForConfirms()
    const item = await channel.get(queue)
    expect(item && String(item.content)).toBe('apple')
    await connection.close()
    expect(await broker.rabbitmqctl?.('--quiet', 'list_queues', 'name', 'type')).toContain(`${queue}\tquorum`)
    expect(broker.description).not.toContain('guest:')
  })

  test('is found on localhost as long as it lets guest in, and otherwise says that it does not', async () => {
    await using broker = await startLocalBroker({ announce })
    const lines: string[] = []
    const way = localhostWay(Number(new URL(broker.url).port))
    const found = await way.open({ announce })
    expect(found.way).toBe('localhost')
    await found.close()
    await broker.rabbitmqctl?.('delete_user', 'guest')
    const chain = openFirst([way], { announce: (line) => lines.push(line) }, '')
    await expect(chain).rejects.toBeInstanceOf(NoBrokerError)
    expect(lines).toEqual([`${way.name}: a broker answers but refuses the user guest`])
  })

  test('leaves no process and no file after close(), which may be called twice', async () => {
    const broker = await startLocalBroker({ announce })
    const directory = await onlyDirectory()
    expect(await markedProcesses(DIRECTORY_MARK, directory)).not.toEqual([])
    await broker.close()
    await broker.close()
    await nothingIsLeftOf(directory)
    await expect(broker.rabbitmqctl?.('status')).rejects.toThrow('the broker has ended')
  })

  test('does not meet a second one that starts at the same time', async () => {
    const [one, other] = await Promise.all([startLocalBroker({ announce }), startLocalBroker({ announce })])
    expect(one.url).not.toBe(other.url)
    await Promise.all([one.close(), other.close()])
  })

  test('leaves nothing when its owner is killed', async () => {
    await using owner = startOwner('local')
    expect(await owner.nextLine()).toMatch(/^\d+$/)
    const directory = await onlyDirectory()
    process.kill(owner.pid, 'SIGKILL')
    await vi.waitFor(() => nothingIsLeftOf(directory), 20_000)
  })

  test('leaves nothing when its owner is killed while it starts', async () => {
    await using owner = startOwner('local')
    const directory = await vi.waitFor(onlyDirectory, 20_000)
    await vi.waitFor(async () => expect(await markedProcesses(DIRECTORY_MARK, directory)).not.toEqual([]), 20_000)
    process.kill(owner.pid, 'SIGKILL')
    await vi.waitFor(() => nothingIsLeftOf(directory), 20_000)
  })

  test('outlives a Ctrl-C until its owner has cleaned up', async () => {
    await using owner = startOwner('local')
    expect(await owner.nextLine()).toMatch(/^\d+$/)
    const directory = await onlyDirectory()
    // To the whole process group, as a terminal does.
    process.kill(-owner.pid, 'SIGINT')
    expect(await owner.nextLine()).toBe('still answers')
    await owner.exited
    await nothingIsLeftOf(directory)
  })

  test('leaves nothing when the signal aborts while it starts', async () => {
    const aborter = new AbortController()
    const refused = expect(startLocalBroker({ announce, signal: aborter.signal })).rejects.toThrow('changed my mind')
    const directory = await vi.waitFor(onlyDirectory, 20_000)
    aborter.abort(new Error('changed my mind'))
    await refused
    await nothingIsLeftOf(directory)
  })
})

/** The directory of the one server that runs. */
async function onlyDirectory(): Promise<string> {
  const names = (await readdir(temporary)).filter((name) => name.startsWith('podqueue-rabbitmq-'))
  expect(names).toHaveLength(1)
  return join(temporary, String(names[0]))
}

async function nothingIsLeftOf(directory: string): Promise<void> {
  expect(await markedProcesses(DIRECTORY_MARK, directory)).toEqual([])
  expect(await readdir(temporary)).toEqual([])
}
