import { expect, test } from 'vitest'
import { CONTRACT } from './contract.ts'
import { DIFFERENCES } from './differences.ts'

test('every difference that is meant is a behaviour of the contract', () => {
  const names = Object.entries(CONTRACT).flatMap(([title, behaviours]) =>
    Object.keys(behaviours).map((name) => `${title} ${name}`),
  )
  expect(names).toEqual(expect.arrayContaining(Object.keys(DIFFERENCES)))
})

test('the contract has its behaviours under names of their own', () => {
  const names = Object.values(CONTRACT).flatMap((behaviours) => Object.keys(behaviours))
  expect(names.length).toBeGreaterThanOrEqual(60)
  expect(new Set(names).size).toBe(names.length)
})
