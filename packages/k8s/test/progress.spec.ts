import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { type ProgressOptions, showProgress } from '../src/progress/index.ts'

const counts = { completions: 4, succeeded: 1, failed: 0, active: 2, ready: 2, terminating: 0 }

function shown(options: ProgressOptions, terminal = false) {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal, columns: 120, rows: 24 })
  const view = showProgress({ stream, ...options })
  return { view, text: () => String(stream.read() ?? '') }
}

test('a plain stream gets one line for each state, without colours, and none twice', () => {
  const { view, text } = shown({})
  view.listeners.progress?.(counts)
  view.listeners.progress?.({ ...counts, ready: 1 })
  view.itemsLeft(3)
  view.listeners.podLog?.({ pod: 'work-0-abc', attempt: 0, line: 'Processing apple' })
  view.listeners.stuck?.({ reason: 'Unschedulable', message: 'Insufficient cpu' })
  view.listeners.podFailed?.({ name: 'work-1-xyz', reason: 'Evicted', message: 'no luck' })
  view.listeners.podFailed?.({ name: 'work-3-def', container: 'setup', exitCode: 5, reason: 'Error' })
  view.listeners.podFailed?.({ name: 'work-2-abc', exitCode: 3, reason: 'Error', message: 'no such table\n  Make it.' })
  view.end()
  expect(text().split('\n')).toEqual([
    'pods: 2 active, 1 of 4 done, 0 failed',
    'pods: 2 active, 1 of 4 done, 0 failed · 3 items left',
    'work-0-abc  Processing apple',
    'Unschedulable  Insufficient cpu',
    'work-1-xyz  Evicted: no luck',
    'work-3-def  container setup: exit 5 (Error)',
    'work-2-abc  exit 3 (Error): no such table',
    '',
  ])
})

test('a terminal gets a bar that stays at the bottom, and at the end takes away nothing that an app has printed', () => {
  const { view, text } = shown({ live: true, color: false }, true)
  view.listeners.progress?.({ ...counts, completions: 80, succeeded: 40 })
  expect(text()).toContain(`${'■'.repeat(12)}${'□'.repeat(12)}  pods: 2 active, 40 of 80 done, 0 failed`)
  view.line('above')
  expect(text()).toMatch(/above\n.*■/s)
  view.end()
  expect(text()).toBe('')
})

test('logs: false does not ask for what the pods print', () => {
  expect(shown({ logs: false }).view.listeners).not.toHaveProperty('podLog')
})
