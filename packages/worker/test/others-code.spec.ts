import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { afterEach, expect, test } from 'vitest'
import { consumeMany, consumeOne, DeadLetterError, type Item } from '../src/index.ts'
import { createTestItem } from '../src/testing.ts'
import { failureOf, options } from './call.ts'

const trap = (): never => {
  throw new Error('trapped')
}
const trapped = new Proxy(
  {},
  { get: trap, has: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap, ownKeys: trap },
)
const withField = (name: string, value: unknown): Error => Object.defineProperty(new Error('fields'), name, { value })
const withGetter = (name: string): Error => Object.defineProperty(new Error('getter'), name, { get: trap })

type Then = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void
const thenable = (then: Then): object => Object.defineProperty({}, 'then', { value: then })

/** Values that a program may throw, by mistake or not. */
const THROWN: readonly (readonly [string, unknown])[] = [
  ['an object without a prototype', Object.create(null)],
  ['a proxy that throws at every look', trapped],
  ['undefined', undefined],
  ['null', null],
  ['a symbol', Symbol('why')],
  ['a bigint', 5n],
  ['an empty string', ''],
  ['an Error without a message', new Error()],
  ['an empty AggregateError', new AggregateError([])],
  ['an Error whose message throws', withGetter('message')],
  ['an Error whose stack is a number', withField('stack', 7)],
  ['an Error whose stack throws', withGetter('stack')],
  ['an Error whose toString throws', withField('toString', trap)],
  ['an Error with a message of 5 MB', new Error('x'.repeat(5_000_000))],
  ['a revoked proxy', revoked()],
  [
    'a DeadLetterError whose message throws',
    Object.defineProperty(new DeadLetterError('no'), 'message', { get: trap }),
  ],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

test.each(THROWN.slice(0, -1))(
  'a handler that throws %s has failed: its item goes back, and the error has words',
  async (_, thrown) => {
    await using queue = await testQueue()
    await queue.publish('a')
    let calls = 0
    const handler = (): never => {
      calls += 1
      throw thrown
    }
    const error = await failureOf(consumeOne(handler, options(queue.name)))
    expect(error.code).toBe('HANDLER_FAILED')
    expect(error.message).toMatch(/failed and is back in the queue: \S/)
    expect(error.message.length).toBeLessThan(5_000)
    expect(calls).toBe(1)
    expect(await queue.drain()).toEqual(['a'])
  },
)

test.each(THROWN)(
  'a handler that throws %s is tried again by retries, and consumeMany goes on to the next item',
  async (_, thrown) => {
    await using queue = await testQueue()
    await queue.publish('a', 'b')
    let calls = 0
    const handler = (item: Item): void => {
      calls += 1
      if (item.text() === 'a' && calls <= 2) throw thrown
    }
    const retrying = { ...options(queue.name), retries: 2, retryDelayMs: 0 }
    const { done, deadLettered, failed } = await consumeMany(handler, retrying)
    expect({ ended: done + deadLettered, failed }).toEqual({ ended: 2, failed: 0 })
  },
)

test.each<[string, () => unknown]>([
  ['a promise that rejects with nothing', () => Promise.reject()],
  ['a thenable that throws', () => thenable(trap)],
  ['a thenable that rejects with a trap', () => thenable((_, reject) => reject(trapped))],
  ['an object whose then throws when it is read', () => Object.defineProperty({}, 'then', { get: trap })],
])('a handler that returns %s has failed', async (_, handler) => {
  await using queue = await testQueue()
  await queue.publish('a')
  expect(await failureOf(consumeOne(handler, options(queue.name)))).toMatchObject({ code: 'HANDLER_FAILED' })
  expect(await queue.drain()).toEqual(['a'])
})

const warnings: Error[] = []
const onWarning = (warning: Error): void => void warnings.push(warning)
afterEach(() => {
  process.off('warning', onWarning)
  warnings.length = 0
})

test.each<[string, () => unknown]>([
  ['throws', trap],
  ['rejects', () => Promise.reject(new Error('no disk'))],
  [
    'throws a trap',
    () => {
      throw trapped
    },
  ],
])('a logger that %s is a process warning, and changes nothing', async (_, log) => {
  process.on('warning', onWarning)
  await using queue = await testQueue()
  await queue.publish('a')
  let calls = 0
  const handler = (): string => {
    if (++calls < 3) throw new Error('not yet')
    return 'done'
  }
  const logger = { info: log, warn: log } as never
  const patient = { ...options(queue.name), logger, retries: 3, retryDelayMs: 0 }
  expect(await consumeOne(handler, patient)).toEqual({ status: 'done', result: 'done' })
  await expect.poll(() => warnings.length).toBeGreaterThan(0)
  expect(warnings[0]?.message).toMatch(/logger/i)
})

test.each(['consumeOne', 'consumeMany'] as const)(
  'a programming error is no outage: %s ends at once and does not try again',
  async (name) => {
    let calls = 0
    const connection = {
      createChannel: () => {
        calls += 1
        throw new TypeError('Cannot read properties of undefined')
      },
      createConfirmChannel: trap,
      on: () => {},
      off: () => {},
      connection: { serverProperties: {} },
    }
    const call = { queue: 'job1', connection, reconnectForMs: 60_000 }
    const error = await failureOf({ consumeOne, consumeMany }[name](() => 'never', call))
    expect(error).toMatchObject({
      code: 'INTERNAL_ERROR',
      retryable: false,
      message: expect.stringContaining('Cannot read properties'),
    })
    expect(calls).toBe(1)
  },
)

test('a signal of a polyfill ends the call', async () => {
  await using queue = await testQueue()
  const listeners: (() => void)[] = []
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_: string, listener: () => void) => void listeners.push(listener),
    removeEventListener: () => {},
  }
  const call = consumeOne(() => 'never', { ...options(queue.name), empty: 'wait', signal: signal as never })
  await queue.until(({ consumers }) => consumers === 1)
  signal.aborted = true
  for (const listener of listeners) listener()
  expect(await failureOf(call)).toMatchObject({ code: 'ABORTED' })
})

test.each<[string, unknown, string]>([
  ['that is no schema', {}, 'INVALID_OPTIONS'],
  ['whose validate returns nothing', { '~standard': { validate: () => undefined } }, 'INVALID_OPTIONS'],
  ['whose issues are nonsense', { '~standard': { validate: () => ({ issues: 7 }) } }, 'ITEM_INVALID'],
  ['whose path is a trap', { '~standard': { validate: () => ({ issues: [{ path: [trapped] }] }) } }, 'ITEM_INVALID'],
])('a schema %s is an error with a code', async (_, schema, code) => {
  await expect(createTestItem({}).json(schema as never)).rejects.toMatchObject({ code })
})

test('the text of a handler is shown without terminal escapes, and without passwords', async () => {
  await using queue = await testQueue()
  await queue.publish('a')
  const handler = (): never => {
    throw new Error(`\u001b[2J\u001b]0;title\u0007 no answer from ${brokerUrl()}`)
  }
  const error = await failureOf(consumeOne(handler, options(queue.name)))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  expect(error.message).not.toContain(new URL(brokerUrl()).password || 'never')
})
