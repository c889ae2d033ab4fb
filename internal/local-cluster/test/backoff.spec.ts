import { describe, expect, it } from 'vitest'
import { remainingBackoffMs } from '../src/job-controller/backoff.ts'
import { formatIndexes, parseIndexes } from '../src/job-controller/index-set.ts'

describe("a Job's back-off", () => {
  const delayAfter = (failures: number, scale = 1) => remainingBackoffMs({ failures, lastAt: 0 }, 0, scale)

  it('is 10 s after the first failure, twice as long after each further one, and at most 10 min', () => {
    expect([0, 1, 2, 3, 6, 7, 8, 1000].map((failures) => delayAfter(failures))).toEqual([
      0, 10_000, 20_000, 40_000, 320_000, 600_000, 600_000, 600_000,
    ])
  })

  it('is shortened in proportion, and runs from the last failure', () => {
    expect(delayAfter(3, 0.001)).toBe(40)
    expect(remainingBackoffMs({ failures: 1, lastAt: 1000 }, 4000, 1)).toBe(7000)
    expect(remainingBackoffMs({ failures: 1, lastAt: 1000 }, 12_000, 1)).toBe(0)
  })
})

describe('the indexes of a status', () => {
  it.each([
    ['', []],
    ['0,2', [0, 2]],
    ['4,5', [4, 5]],
    ['1,3-5,7', [1, 3, 4, 5, 7]],
  ])('%o are read and written as Kubernetes writes them', (text, indexes) => {
    expect(formatIndexes(new Set(indexes))).toBe(text)
    expect([...parseIndexes(text)]).toEqual(indexes)
  })
})
