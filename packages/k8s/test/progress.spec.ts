import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { Terminal } from '@xterm/headless'
import stringWidth from 'string-width'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunProgress } from '../src/index.ts'
import { type BlockState, block } from '../src/progress/block.ts'
import { type ProgressOptions, showProgress } from '../src/progress/index.ts'
import { Rate } from '../src/progress/rate.ts'
import { rateWords, timeWords } from '../src/progress/words.ts'

const counts: RunProgress = { completions: 4, succeeded: 1, failed: 0, active: 2, ready: 2, terminating: 0 }
const items = { total: 1000, done: 412, left: 585, dead: 3 }
const run: RunProgress = { ...counts, completions: 16, active: 8, failed: 15, items }

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

function shown(options: ProgressOptions, terminal = false) {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal, columns: 120, rows: 24 })
  const view = showProgress({ stream, ...options })
  return { view, text: () => String(stream.read() ?? '') }
}

test('a plain stream gets a line for each state, without colours, none twice', () => {
  const { view, text } = shown({})
  view.listeners.progress?.(counts)
  view.listeners.progress?.({ ...counts, ready: 1 })
  vi.advanceTimersByTime(1_000)
  view.listeners.progress?.({ ...run, failed: 0, items: { total: 8, done: 2, left: 6, dead: 0 } })
  view.listeners.podLog?.({ pod: 'work-0-abc', attempt: 0, line: 'Processing apple' })
  view.listeners.stuck?.({ reason: 'Unschedulable', message: 'Insufficient cpu' })
  view.listeners.podFailed?.({ name: 'work-1-xyz', reason: 'Evicted', message: 'no luck' })
  view.listeners.podFailed?.({ name: 'work-3-def', container: 'setup', exitCode: 5, reason: 'Error' })
  view.listeners.podFailed?.({ name: 'work-2-abc', exitCode: 3, reason: 'Error', message: 'no such table\n  Make it.' })
  view.end()
  expect(text().split('\n')).toEqual([
    '1 of 4 pods done · 2 active',
    '2 of 8 items done · 6 left · 8 workers',
    'work-0-abc  Processing apple',
    'Unschedulable  Insufficient cpu',
    'work-1-xyz  Evicted: no luck',
    'work-3-def  container setup: exit 5 (Error)',
    'work-2-abc  exit 3 (Error): no such table',
    '',
  ])
})

test('a plain stream has the first and the last state, and some hundreds of lines for a run of days', () => {
  const { view, text } = shown({})
  const total = 259_200
  for (let done = 0; done < total; done += 1) {
    vi.advanceTimersByTime(1_000)
    view.listeners.progress?.({ ...run, items: { total, done, left: total - done, dead: 0 } })
  }
  const lines = text().trimEnd().split('\n')
  expect(lines[0]).toMatch(/^0 of 259200 items done/)
  expect(lines.length).toBeGreaterThan(100)
  expect(lines.length).toBeLessThan(1_000)
  view.listeners.progress?.({ ...run, items: { total, done: total, left: 0, dead: 0 } })
  expect(text()).toMatch(/^259200 of 259200 items done · 0 left/)
})

test('a state that was held back is printed when the view ends', () => {
  const { view, text } = shown({})
  view.listeners.progress?.(counts)
  view.listeners.progress?.({ ...counts, succeeded: 2 })
  expect(text()).toBe('1 of 4 pods done · 2 active\n')
  view.end()
  expect(text()).toBe('2 of 4 pods done · 2 active\n')
  view.end()
  expect(text()).toBe('')
})

test('a terminal gets a block that stays at the bottom, and at the end takes away nothing that an app has printed', () => {
  const { view, text } = shown({ live: true, color: false }, true)
  view.listeners.progress?.({ ...counts, completions: 80, succeeded: 40 })
  expect(text()).toContain(`${'■'.repeat(19)}${'□'.repeat(20)}  40 of 80 pods done · 2 active`)
  view.line('above')
  expect(text()).toMatch(/above\n.*■/s)
  view.end()
  expect(text()).toBe('')
})

/** The lines that a terminal of 60 columns shows. */
async function screenOf(text: string): Promise<string[]> {
  const terminal = new Terminal({ cols: 60, rows: 20, convertEol: true, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(text, resolve))
  const { active } = terminal.buffer
  const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at)?.translateToString(true) ?? '')
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}

test('a terminal shows log lines above the block, and in it the last three failures; earlier ones stay above', async () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 60, rows: 20 })
  const { listeners } = showProgress({ stream, live: true, color: true })
  listeners.progress?.(run)
  for (const pod of ['a', 'b', 'c', 'd', 'e']) {
    listeners.podFailed?.({ name: `pod-${pod}`, exitCode: 1, reason: 'Error', message: `${pod}\x1b[2J` })
    listeners.podLog?.({ pod: `pod-${pod}`, attempt: 0, line: 'Processing apple' })
  }
  listeners.progress?.({ ...run, items: { ...items, done: 500, left: 497 } })
  expect(await screenOf(String(stream.read()))).toEqual([
    'pod-a  Processing apple',
    'pod-b  Processing apple',
    'pod-c  Processing apple',
    'pod-a  exit 1 (Error): a',
    'pod-d  Processing apple',
    'pod-b  exit 1 (Error): b',
    'pod-e  Processing apple',
    '■■■■■■■■■□□□□□□□□□□  500 of 1000 items done · 497 left',
    '3 dead · 8 workers · 15 failed attempts',
    'pod-c  exit 1 (Error): c',
    'pod-d  exit 1 (Error): d',
    'pod-e  exit 1 (Error): e',
  ])
})

test('a line above the block and the block are one write, so that nothing flickers', () => {
  const writes: string[] = []
  const sink = new Writable({
    writev: (chunks, done) => done(void writes.push(chunks.map(({ chunk }) => String(chunk)).join(''))),
  })
  const stream = Object.assign(sink, { isTTY: true, columns: 120, rows: 24 })
  const view = showProgress({ stream, live: true, color: false })
  view.listeners.progress?.(run)
  const before = writes.length
  view.line('above')
  expect(writes.slice(before)).toEqual([expect.stringMatching(/above\n.*412 of 1000/s)])
})

test('logs: false does not ask for what the pods print', () => {
  expect(shown({ logs: false }).view.listeners).not.toHaveProperty('podLog')
})

const failures: BlockState['failures'] = [
  { pod: 'work-7-abcde', how: 'exit 3 (Error): no such table: 数据库 is not there, and this text goes on and on' },
  { pod: 'work-9-fghij', how: 'Evicted' },
]

test.each<{ columns: number; lines: string[] }>([
  {
    columns: 80,
    lines: [
      '■■■■■■■■■■□□□□□□□□□□□□□□□□  412 of 1000 items done · 585 left · 3 dead',
      '8 workers · 15 failed attempts · 12.3/s · about 48 s left',
      'work-7-abcde  exit 3 (Error): no such table: 数据库 is not there, and this tex…',
      'work-9-fghij  Evicted',
    ],
  },
  {
    columns: 160,
    lines: [
      `${'■'.repeat(16)}${'□'.repeat(24)}  412 of 1000 items done · 585 left · 3 dead · 8 workers · 15 failed attempts · 12.3/s · about 48 s left`,
      'work-7-abcde  exit 3 (Error): no such table: 数据库 is not there, and this text goes on and on',
      'work-9-fghij  Evicted',
    ],
  },
  {
    columns: 40,
    lines: [
      '■■■■■□□□□□□□□  412 of 1000 items done',
      '585 left · 3 dead · 8 workers',
      '15 failed attempts · 12.3/s',
      'about 48 s left',
      'work-7-abcde  exit 3 (Error): no such …',
      'work-9-fghij  Evicted',
    ],
  },
])('on $columns columns', ({ columns, lines }) => {
  expect(block({ progress: run, perSecond: 12.3, failures }, columns, false)).toEqual(lines)
})

test('every line fits, on every width, with and without colours, and says the same', () => {
  for (let columns = 1; columns <= 200; columns++) {
    const plain = block({ progress: run, perSecond: 12.3, failures }, columns, false)
    const coloured = block({ progress: run, perSecond: 12.3, failures }, columns, true)
    expect(coloured.map(stripVTControlCharacters)).toEqual(plain)
    for (const line of plain) expect(stringWidth(line)).toBeLessThan(Math.max(2, columns))
  }
})

test('a bar is full only when every item is done', () => {
  const almost = { ...run, items: { total: 100_000, done: 99_999, left: 1, dead: 0 } }
  expect(block({ progress: almost, failures: [] }, 80, false)[0]).toMatch(/^■+□ /)
  const all = { ...run, items: { total: 8, done: 8, left: 0, dead: 0 } }
  expect(block({ progress: all, failures: [] }, 80, false)[0]).toMatch(/^■+ {2}8 of 8/)
})

test('the speed is that of the last minute, and is not said before it is known', () => {
  const rate = new Rate()
  rate.add(0, 0)
  rate.add(5, 1_000)
  expect(rate.perSecond()).toBeUndefined()
  rate.add(10, 2_000)
  expect(rate.perSecond()).toBe(5)
  for (let at = 3; at <= 200; at++) rate.add(10 + (at - 2) * 2, at * 1_000)
  expect(rate.perSecond()).toBeCloseTo(2, 1)
  // A sweep begins: its pods are counted from 0.
  rate.add(0, 201_000)
  expect(rate.perSecond()).toBeUndefined()
  // Of a run that is restarted, the first count of items is no work of a moment.
  rate.add(3, 203_000)
  rate.add(500, 204_000, 'items')
  rate.add(500, 207_000, 'items')
  expect(rate.perSecond()).toBeUndefined()
})

test('speeds and times are said in the unit that suits', () => {
  expect([1234, 12.34, 1, 0.5, 0.01].map(rateWords)).toEqual(['1234/s', '12.3/s', '1/s', '30/min', '36/h'])
  expect([0.2, 48, 200, 7_500, 273_600, 3_600].map(timeWords)).toEqual([
    '1 s',
    '48 s',
    '3 min 20 s',
    '2 h 5 min',
    '3 d 4 h',
    '1 h',
  ])
})
