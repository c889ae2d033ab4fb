import { expect, test } from 'vitest'
import { Watchdog } from '../src/enqueue/watchdog.ts'

test('the broker has confirmTimeoutMs from when it takes messages again', () => {
  const watchdog = new Watchdog(2_000, 60_000)
  watchdog.progressed(0)
  expect(watchdog.look({ blocked: { since: 0, reason: 'low on memory' }, isWaiting: true }, 500)).toBe(undefined)
  // It took messages again at any moment since the look before.
  expect(watchdog.look({ blocked: undefined, isWaiting: true }, 1_000)).toBe(undefined)
  expect(watchdog.look({ blocked: undefined, isWaiting: true }, 2_999)).toBe(undefined)
  expect(watchdog.look({ blocked: undefined, isWaiting: true }, 3_001)).toEqual({ type: 'silent' })
})
