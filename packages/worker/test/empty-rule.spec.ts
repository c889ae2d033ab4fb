import { expect, test } from 'vitest'
import { asideMs, isBelievable, nextStep } from '../src/take/empty-rule.ts'

test('0 ready and 0 consumers is never taken for empty: a queue without a leader reads so', () => {
  for (const consuming of [true, false]) expect(nextStep(consuming, { ready: 0, consumers: 0 })).not.toBe('empty')
  expect(isBelievable({ ready: 0, consumers: 0 })).toBe(false)
})

test('a queue is empty only for a worker that sees its own consumer and no other', () => {
  expect(nextStep(true, { ready: 0, consumers: 1 })).toBe('empty')
  expect(nextStep(false, { ready: 0, consumers: 1 })).toBe('stand-aside')
  expect(nextStep(true, { ready: 0, consumers: 2 })).toBe('stand-aside')
})

test('a worker that stands aside comes back for an item, and to look when no other worker is there', () => {
  expect(nextStep(false, { ready: 1, consumers: 3 })).toBe('consume')
  expect(nextStep(false, { ready: 0, consumers: 0 })).toBe('consume')
  expect(nextStep(true, { ready: 1, consumers: 1 })).toBe('wait')
})

test('a worker stands aside shortly at first, longer each time, and never in step with others', () => {
  const longest = [0, 1, 2, 3, 4, 100].map((times) => asideMs(times, 1))
  expect(longest).toEqual([150, 300, 600, 1_200, 1_200, 1_200])
  for (const times of [0, 1, 100]) expect(asideMs(times, 0)).toBeLessThan(asideMs(times, 1))
  expect(asideMs(0, 0)).toBeGreaterThan(0)
})
