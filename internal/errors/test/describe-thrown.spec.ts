import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { describeThrown, describeWithStack, Redactor, shownCause, stackFrames } from '../src/index.ts'

const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('get')
    },
    getPrototypeOf: () => {
      throw new Error('getPrototypeOf')
    },
    has: () => {
      throw new Error('has')
    },
  },
)
const revoked = Proxy.revocable({}, {})
revoked.revoke()
const throwing = Object.defineProperties(new Error('x'), {
  message: {
    get: () => {
      throw new Error('message')
    },
  },
  stack: {
    get: () => {
      throw new Error('stack')
    },
  },
  name: {
    get: () => {
      throw new Error('name')
    },
  },
})
const cyclic = new AggregateError([])
cyclic.errors.push(cyclic)
const withErrors = (...errors: unknown[]): AggregateError => new AggregateError(errors)

test.each<[string, unknown, string | RegExp]>([
  ['an object without a prototype', Object.create(null), 'a value that cannot be read'],
  ['a Proxy that refuses all', hostile, 'a value that cannot be read'],
  ['a revoked Proxy', revoked.proxy, 'a value that cannot be read'],
  ['an error whose getters throw', throwing, 'a value that cannot be read'],
  ['a Symbol', Symbol('why'), 'Symbol(why)'],
  ['undefined', undefined, 'undefined'],
  ['a bigint', 10n, '10'],
  ['a string', 'no space left', 'no space left'],
  ['an empty string', '', 'an empty string'],
  ['a function', () => {}, 'a function'],
  ['a plain object', { secret: 1 }, 'an object that is not an error'],
  ['an object with words', { toString: () => 'words' }, 'words'],
  ['an object whose toString throws', { toString: () => hostile }, 'a value that cannot be read'],
  ['an object like an error', { message: 'like one' }, 'like one'],
  ['an error without a message', new TypeError(), 'TypeError without a message'],
  ['an error with a code only', Object.assign(new Error(), { code: 'EPIPE' }), 'Error with the code EPIPE'],
  ['an empty AggregateError', withErrors(), 'AggregateError without a message'],
  ['errors of an AggregateError', withErrors(new Error('one'), 'two'), 'one; two'],
  ['many errors', withErrors(1, 2, 3, 4, 5), '1; 2; 3; and 2 more'],
  ['an AggregateError of itself', cyclic, /without a message/],
  ['an error whose message is a number', Object.assign(new Error(), { message: 5 }), 'Error without a message'],
])('%s has words, and never throws', (_, thrown, words) => {
  if (typeof words === 'string') expect(describeThrown(thrown)).toBe(words)
  else expect(describeThrown(thrown)).toMatch(words)
  expect(describeWithStack(thrown)).not.toBe('')
  expect(shownCause(thrown)).toBeInstanceOf(Error)
})

test('a stack that is no string is left out; one of many lines is bounded', () => {
  expect(stackFrames(Object.assign(new Error('x'), { stack: 5 }))).toBe('')
  const deep = Object.assign(new Error('x'), { stack: `Error: x\n${'    at f (a.js:1:1)\n'.repeat(10_000)}` })
  expect(stackFrames(deep).split('\n')).toHaveLength(21)
  const large = new RangeError('m'.repeat(5_000_000))
  expect(Buffer.byteLength(describeWithStack(large))).toBeLessThanOrEqual(4096)
  expect(describeWithStack(new TypeError('x is not a function'))).toMatch(/^TypeError: x is not a function\n {4}at /)
})

test('a cause that is shown has no field and no secret of the error that it copies', () => {
  const inner = new Error('token hunter2hunter2', { cause: 'amqp://app:swordfish@rabbit' })
  const error = Object.assign(new RangeError('with hunter2hunter2', { cause: inner }), {
    code: 'ECONNRESET',
    response: { headers: { authorization: 'Bearer hunter2hunter2' } },
  })
  const copy = shownCause(error, { redactor: new Redactor(['hunter2hunter2']) })
  expect(copy).toMatchObject({ name: 'RangeError', code: 'ECONNRESET', message: 'with ***' })
  expect(inspect(copy, { depth: 9 })).not.toMatch(/hunter2|swordfish/)
  expect(inspect(copy, { depth: 9 })).toContain('amqp://***@rabbit')
})
