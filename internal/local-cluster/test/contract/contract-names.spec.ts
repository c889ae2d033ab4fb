import { expect, test } from 'vitest'
import { CONTRACT } from './contract.ts'

test('each behaviour of the contract has a name of its own', () => {
  const names = Object.values(CONTRACT).flatMap((behaviours) => Object.keys(behaviours))
  expect(names.length).toBeGreaterThanOrEqual(200)
  expect(new Set(names).size).toBe(names.length)
})
