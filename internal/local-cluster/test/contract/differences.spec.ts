import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { CONTRACT } from './contract.ts'
import { DIFFERENCES } from './differences.ts'

const docs = new URL('../../../../docs/local-cluster.md', import.meta.url)

test('every difference that is meant is a behaviour of the contract, and in the docs with its reason', async () => {
  const names = Object.entries(CONTRACT).flatMap(([title, behaviours]) =>
    Object.keys(behaviours).map((name) => `${title} ${name}`),
  )
  const text = await readFile(docs, 'utf8')
  for (const [name, why] of Object.entries(DIFFERENCES)) {
    expect(names).toContain(name)
    expect(text).toContain(`| ${name} | ${why} |`)
  }
})

test('the contract has its behaviours under names of their own', () => {
  const names = Object.values(CONTRACT).flatMap((behaviours) => Object.keys(behaviours))
  expect(names.length).toBeGreaterThanOrEqual(60)
  expect(new Set(names).size).toBe(names.length)
})
