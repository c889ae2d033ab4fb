import { expect, test } from 'vitest'
import { ReadAhead } from '../src/result-log/read-ahead.ts'

const MIB = 1024 * 1024

test.each([
  [100, 1_000],
  [10_000, 1_000],
  [MIB, 32],
  [10 * MIB, 3],
  [100 * MIB, 1],
])('a collector of results of %i bytes reads %i of them ahead', (bytes, expected) => {
  const ahead = new ReadAhead()
  expect(ahead.records, 'before it knows how large they are').toBe(32)
  for (let passed = 0; passed < 32; passed++) ahead.passed(bytes)
  expect(ahead.adapt()).toBe(expected !== 32)
  expect(ahead.records).toBe(expected)
  expect(ahead.adapt(), 'nothing new is known').toBe(false)
})

test('a collector reads fewer ahead when the results become larger', () => {
  const ahead = new ReadAhead()
  for (let passed = 0; passed < 32; passed++) ahead.passed(100)
  ahead.adapt()
  for (let passed = 0; passed < 500; passed++) ahead.passed(MIB)
  expect(ahead.adapt()).toBe(true)
  expect(ahead.records).toBe(32)
})
