import { once } from 'node:events'
import { expect, test } from 'vitest'
import { callListener, late, within } from '../src/index.ts'

const never = new Promise<never>(() => {})

test('a promise that settles in time gives its value or its error', async () => {
  expect(await within(Promise.resolve(1), 60_000)).toBe(1)
  await expect(within(Promise.reject(new Error('no')), 60_000)).rejects.toThrow('no')
})

test('a promise that takes too long is late, and its later rejection is handled', async () => {
  const { promise, reject } = Promise.withResolvers<void>()
  expect(await within(promise, 1)).toBe(late)
  reject(new Error('nobody hears this'))
})

test('a signal ends the wait with its reason, also one that had aborted before', async () => {
  const ending = new AbortController()
  const waiting = within(never, Number.POSITIVE_INFINITY, ending.signal)
  ending.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await expect(within(never, Number.POSITIVE_INFINITY, ending.signal)).rejects.toThrow('enough')
})

test('a listener that throws or rejects is a process warning', async () => {
  for (const listener of [
    () => {
      throw new Error('thrown')
    },
    async () => {
      throw new Error('thrown')
    },
  ]) {
    const warned = once(process, 'warning')
    callListener('progress', listener, {})
    const [warning] = await warned
    expect(warning.message).toContain("The listener for 'progress' failed: Error: thrown")
  }
})
