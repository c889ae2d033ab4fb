import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EnqueueError, enqueue, type Journal, type JournalRecord, ProducerError } from '../src/index.ts'
import { digestOf } from '../src/journal/journal-digest.ts'
import { missing, takeAll } from './items-in-queue.ts'
import { producerProcess } from './producer-process.ts'

let folder: string
let journal: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podqueue-journal-'))
  journal = join(folder, 'items.journal')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

/** A run that ends in the middle, as a killed one does for its journal. */
async function interrupted(queue: string, after: number): Promise<number> {
  function* items() {
    yield* numbers(after)
    throw new Error('interrupted')
  }
  const error = await enqueue(queue, items(), { url: brokerUrl(), journal }).catch((reason) => reason)
  expect(error).toBeInstanceOf(EnqueueError)
  return (error as EnqueueError).counts.confirmed
}

async function refused(call: Promise<unknown>): Promise<ProducerError> {
  const error = await call.catch((reason) => reason)
  expect(error).toBeInstanceOf(ProducerError)
  return error as ProducerError
}

test('a run over the same items publishes only the rest, and its receipt counts all', async () => {
  await using queue = await testQueue()
  const before = await interrupted(queue.name, 300)
  const receipt = await enqueue(queue.name, numbers(1_000), { url: brokerUrl(), journal })
  const bytes = numbers(1_000).join('').length
  expect(receipt).toMatchObject({ confirmed: 1_000, resumed: before, bytes })
  const found = await takeAll(brokerUrl(), queue.name)
  expect({ missing: missing(found, 1_000), duplicates: found.duplicates }).toEqual({ missing: [], duplicates: 0 })
  expect(await enqueue(queue.name, numbers(1_000), { url: brokerUrl(), journal })).toMatchObject({ resumed: 1_000 })
  expect((await takeAll(brokerUrl(), queue.name)).total, 'a third run publishes nothing').toBe(0)
})

test('other items than those of the journal end the call before anything is published', async () => {
  await using queue = await testQueue()
  await interrupted(queue.name, 10)
  await queue.drain()
  const others = [...numbers(9), 'another', ...numbers(5)]
  expect(await refused(enqueue(queue.name, others, { url: brokerUrl(), journal }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
    message: expect.stringMatching(/index 9/),
  })
  const otherType = numbers(10).map((text) => Buffer.from(text))
  expect(await refused(enqueue(queue.name, otherType, { url: brokerUrl(), journal }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
    message: expect.stringMatching(/index 0/),
  })
  expect(await refused(enqueue(queue.name, numbers(5), { url: brokerUrl(), journal }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
    message: expect.stringMatching(/only 5 items/),
  })
  expect(await queue.drain()).toEqual([])
})

test('a journal of another queue is refused, and so is a file that is not a journal', async () => {
  await using queue = await testQueue()
  await interrupted(queue.name, 10)
  expect(await refused(enqueue('another-queue', numbers(10), { url: brokerUrl(), journal }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
    details: { queue: queue.name },
  })
  const letter = join(folder, 'letter.txt')
  await writeFile(letter, 'Dear all\n')
  expect(await refused(enqueue(queue.name, ['a'], { url: brokerUrl(), journal: letter }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
  })
  expect(await readFile(letter, 'utf8'), 'and left as it is').toBe('Dear all\n')
  await writeFile(letter, 'a word')
  expect(await refused(enqueue(queue.name, ['a'], { url: brokerUrl(), journal: letter }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
  })
  expect(await readFile(letter, 'utf8'), 'also without a whole line').toBe('a word')
})

test('a last line that a crash has torn is taken away, and its item published again', async () => {
  await using queue = await testQueue()
  await interrupted(queue.name, 10)
  const whole = await readFile(journal, 'utf8')
  await writeFile(journal, whole.slice(0, -4))
  const receipt = await enqueue(queue.name, numbers(20), { url: brokerUrl(), journal })
  expect(receipt).toMatchObject({ confirmed: 20, resumed: 9 })
  const found = await takeAll(brokerUrl(), queue.name)
  expect(found.duplicates).toBe(1)
  expect(
    [...found.ids.values()].every((ids) => ids.size === 1),
    'the second copy has the id of the first',
  ).toBe(true)
})

test('a torn line in the middle is somebody else at work: refused', async () => {
  await using queue = await testQueue()
  await interrupted(queue.name, 10)
  await appendFile(journal, 'not a record\n')
  expect(await refused(enqueue(queue.name, numbers(10), { url: brokerUrl(), journal }))).toMatchObject({
    code: 'JOURNAL_MISMATCH',
  })
})

test('a second process is refused while the first works, and welcome once it was killed', async () => {
  await using queue = await testQueue()
  await using other = producerProcess({ url: brokerUrl(), queue: queue.name, count: 100, journal, holdAt: 50 })
  await other.reached(50)
  const locked = await refused(enqueue(queue.name, numbers(100), { url: brokerUrl(), journal }))
  expect(locked).toMatchObject({ code: 'JOURNAL_LOCKED', details: { pid: other.pid } })
  await other.kill()
  expect(await enqueue(queue.name, numbers(100), { url: brokerUrl(), journal })).toMatchObject({ confirmed: 100 })
})

test('a journal that cannot be written ends the call, with the fate of every item', async () => {
  await using queue = await testQueue()
  const full: Journal = {
    open: async () => ({ id: 'mine', records: [] }),
    append: async () => {
      // By then a whole window waits for the journal, and nothing but its failure will wake the call.
      await queue.until(({ ready }) => ready === 10)
      throw new Error('no space left')
    },
    close: async () => {},
  }
  const error = (await refused(
    enqueue(queue.name, numbers(100), { url: brokerUrl(), journal: full, window: 10 }),
  )) as EnqueueError
  expect(error).toMatchObject({ code: 'JOURNAL_FAILED', cause: new Error('no space left') })
  expect(error.counts.confirmed + error.counts.unknown).toBe(error.counts.total)
  expect(error.counts.total).toBeLessThan(100)
  const nowhere = { url: brokerUrl(), journal: join(folder, 'no', 'such', 'folder') }
  expect(await refused(enqueue(queue.name, ['a'], nowhere))).toMatchObject({ code: 'JOURNAL_FAILED' })
})

test("a journal of the app's own keeps what is confirmed, and an item counts against the window until it does", async () => {
  await using queue = await testQueue()
  const kept: JournalRecord[] = []
  let read = 0
  let furthest = 0
  const own: Journal = {
    open: async () => ({ id: 'mine', records: [] }),
    append: async (records) => {
      kept.push(...records)
    },
    close: async () => {},
  }
  function* items() {
    for (; read < 200; read++) {
      furthest = Math.max(furthest, read - kept.length)
      yield String(read)
    }
  }
  await enqueue(queue.name, items(), { url: brokerUrl(), journal: own, window: 10 })
  expect(kept.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(numbers(200).map(Number))
  expect(furthest).toBeLessThanOrEqual(10)
})

test('a producer that is killed at any moment and started again loses nothing, and publishes at most a window twice', {
  // Forty processes, which a busy machine starts slowly.
  timeout: 600_000,
}, async () => {
  const count = 2_000
  const window = 200
  const once = async (round: number): Promise<{ lost: number[]; duplicates: number; foreignIds: number }> => {
    await using queue = await testQueue()
    const path = join(folder, `round-${round}`)
    const task = { url: brokerUrl(), queue: queue.name, count, journal: path, window }
    await using first = producerProcess(task)
    await first.reached(Math.floor(Math.random() * count))
    await first.kill()
    await using second = producerProcess(task)
    expect(await second.exited).toBe(0)
    const found = await takeAll(brokerUrl(), queue.name)
    const foreignIds = [...found.ids.values()].filter((ids) => ids.size !== 1).length
    return { lost: missing(found, count), duplicates: found.duplicates, foreignIds }
  }
  const rounds = 20
  for (let round = 0; round < rounds; round += 4) {
    const ledgers = await Promise.all([0, 1, 2, 3].map((more) => once(round + more)))
    for (const { lost, duplicates, foreignIds } of ledgers) {
      expect({ lost, foreignIds }).toEqual({ lost: [], foreignIds: 0 })
      expect(duplicates).toBeLessThanOrEqual(window)
    }
  }
})

test('a header that a crash has torn is written again', async () => {
  await using queue = await testQueue()
  await writeFile(journal, '{"format":"podqueue-jour')
  expect(await enqueue(queue.name, ['a'], { url: brokerUrl(), journal })).toMatchObject({ confirmed: 1, resumed: 0 })
  expect(await enqueue(queue.name, ['a'], { url: brokerUrl(), journal })).toMatchObject({ confirmed: 1, resumed: 1 })
})

test('a journal whose process has ended, and is a zombie that nobody reaps, is taken over', async (context) => {
  if (process.platform !== 'linux') return context.skip('zombies are found by /proc, which only Linux has')
  await using queue = await testQueue()
  // The shell's child ends, and the program that takes the shell's place never asks for its exit code.
  const parent = spawn('sh', ['-c', '(echo; exec sleep 0.01) & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    let said = ''
    while (!/\d+/.test(said)) said += String((await once(parent.stdout, 'data'))[0])
    const pid = Number(/\d+/.exec(said)?.[0])
    const state = async (): Promise<string | undefined> =>
      / ([A-Z]) /.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1]
    await expect.poll(state).toBe('Z')
    const started = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[19]
    await writeFile(`${journal}.lock`, JSON.stringify({ host: hostname(), pid, started }))
    expect(await enqueue(queue.name, ['a'], { url: brokerUrl(), journal })).toMatchObject({ confirmed: 1 })
  } finally {
    parent.kill('SIGKILL')
  }
})

test('a journal of 200,000 items is read in pieces, and other work of the process goes on', async () => {
  await using queue = await testQueue()
  const count = 200_000
  const digest = digestOf({ content: 'a', contentType: 'text/plain' })
  const header = JSON.stringify({
    format: 'podqueue-journal-1',
    id: 'mine',
    vhost: vhostOf(brokerUrl()),
    queue: queue.name,
  })
  const lines = Array.from({ length: count }, (_, index) => `${index} ${digest}\n`)
  await writeFile(journal, `${header}\n${lines.join('')}`)
  function* items() {
    for (let index = 0; index < count; index++) yield 'a'
  }
  let turns = 0
  const turning = setInterval(() => {
    turns += 1
  }, 1)
  const receipt = await enqueue(queue.name, items(), { url: brokerUrl(), journal }).finally(() =>
    clearInterval(turning),
  )
  expect(receipt).toMatchObject({ confirmed: count, resumed: count })
  expect(turns, 'timers that fired meanwhile').toBeGreaterThan(10)
  expect(await queue.drain()).toEqual([])
})

test('a journal of the app that never answers ends the call, when it writes, and when it opens', async () => {
  await using queue = await testQueue()
  const silent: Journal = {
    open: async () => ({ id: 'mine', records: [] }),
    append: () => new Promise(() => {}),
    close: () => new Promise(() => {}),
  }
  const error = await refused(
    enqueue(queue.name, ['a'], { url: brokerUrl(), journal: silent, confirmTimeoutMs: 3_000 }),
  )
  expect(error).toMatchObject({ code: 'JOURNAL_FAILED', counts: { total: 1 } })
  const unopened: Journal = { ...silent, open: () => new Promise(() => {}) }
  const call = enqueue(queue.name, ['a'], { url: brokerUrl(), journal: unopened, signal: AbortSignal.timeout(300) })
  expect(await refused(call)).toMatchObject({ code: 'ABORTED' })
})

function vhostOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname.slice(1))
  return path === '' ? '/' : path
}
