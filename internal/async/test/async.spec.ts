import { once } from 'node:events'
import { expect, test } from 'vitest'
import { callListener, guardLogger, late, nativeSignal, pause, unawaited, within } from '../src/index.ts'

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

const rejecting: readonly (() => unknown)[] = [
  () => {
    throw new Error('thrown')
  },
  async () => {
    throw new Error('thrown')
  },
  // biome-ignore lint/suspicious/noThenProperty: a thenable of another library
  () => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error('thrown')) }),
  () => {
    return Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('thrown')
      },
    })
  },
]

test.each(rejecting.map((listener, index) => [index, listener]))(
  'a listener that throws or rejects is a process warning (%i)',
  async (_, listener) => {
    const warned = once(process, 'warning')
    callListener('progress', listener as () => unknown, {})
    const [warning] = await warned
    expect(warning.message).toContain("The listener for 'progress' failed: Error: thrown")
  },
)

test('a listener that throws what cannot be printed is a process warning too', async () => {
  const warned = once(process, 'warning')
  callListener('progress', () => Promise.reject(Object.create(null)), {})
  const [warning] = await warned
  expect(warning.message).toBe("The listener for 'progress' failed: a value that cannot be read")
})

test.each(rejecting.map((method, index) => [index, method]))(
  'a logger that throws or rejects is one process warning, and its caller goes on (%i)',
  async (_, method) => {
    const warnings: string[] = []
    const onWarning = (warning: Error): unknown => warnings.push(warning.message)
    process.on('warning', onWarning)
    const logger = guardLogger({ info: method as () => unknown, warn: method as () => unknown })
    for (let line = 0; line < 3; line++) logger.warn({ line }, 'text')
    const seen = once(process, 'warning')
    // A warning is emitted on the next tick: this one comes after those before it.
    setImmediate(() => process.emitWarning('the last'))
    for (let [warning] = await seen; warning.message !== 'the last'; [warning] = await once(process, 'warning'));
    process.off('warning', onWarning)
    expect(warnings.filter((text) => text.startsWith("The logger's warn() failed: Error: thrown"))).toHaveLength(1)
  },
)

test('a guarded logger calls its methods as methods, with what it is given', () => {
  const lines: unknown[] = []
  class Lines {
    readonly #lines = lines
    info(...line: unknown[]): void {
      this.#lines.push(['info', ...line])
    }
    warn(...line: unknown[]): void {
      this.#lines.push(['warn', ...line])
    }
  }
  const logger = guardLogger(new Lines())
  logger.info({ a: 1 }, 'one')
  logger.warn({ b: 2 }, 'two')
  expect(lines).toEqual([
    ['info', { a: 1 }, 'one'],
    ['warn', { b: 2 }, 'two'],
  ])
})

test('a signal with nothing but aborted and addEventListener is followed, with one listener for all calls', async () => {
  const listeners: (() => void)[] = []
  const polyfill = { aborted: false, addEventListener: (_: 'abort', listener: () => void) => listeners.push(listener) }
  const signal = nativeSignal(polyfill)
  const waiting = pause(60_000, AbortSignal.any([nativeSignal(polyfill), new AbortController().signal]))
  expect(listeners).toHaveLength(1)
  listeners[0]?.()
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  expect(() => signal.throwIfAborted()).toThrow()
})

test('a signal that never tells its listeners is seen as aborted at the next call', () => {
  const mute = {
    aborted: false,
    reason: new Error('enough'),
    addEventListener: () => {},
    removeEventListener: () => {},
  }
  expect(nativeSignal(mute).aborted).toBe(false)
  mute.aborted = true
  expect(nativeSignal(mute).reason).toBe(mute.reason)
})

test('an object that only has the prototype of a signal is followed like any other', () => {
  const fake = Object.create(AbortSignal.prototype, {
    aborted: { value: true },
    reason: { value: 7 },
    addEventListener: { value: () => {} },
  })
  expect(nativeSignal(fake)).toMatchObject({ aborted: true, reason: 7 })
})

test('a pause ends with the reason of its signal, also of one that had aborted before', async () => {
  await expect(pause(60_000, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  await pause(1)
})

test('a value that nobody waits for is returned as it is, and its rejection ends no process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', note)
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: it is a promise of another library
    then: (_: unknown, reject: (error: Error) => void) => reject(new Error('too late')),
  }
  const throwing = {
    // biome-ignore lint/suspicious/noThenProperty: the worst of them
    get then() {
      throw new Error('too late')
    },
  }
  for (const value of [Promise.reject(new Error('too late')), thenable, throwing, revoked.proxy, () => {}, 1, null]) {
    expect(unawaited(value) === value).toBe(true)
  }
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
