import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { type Given, given, plain } from './given.ts'
import { PASSWORD } from './secrets.ts'

const fail = (): never => {
  throw new Error('a value of the app fails')
}

/** An object of which everything throws. */
function refusing(): object {
  const traps = Object.getOwnPropertyNames(Reflect).map((trap) => [trap, fail])
  return new Proxy({}, Object.fromEntries(traps))
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function cyclic(): object {
  const value: Record<string, unknown> = { a: [] }
  value.self = value
  return value
}

/** Values of every kind that callers were seen to pass, by mistake or on purpose. */
const ODD: readonly Given[] = [
  ...[undefined, null, 0, 1, -1, true, false, '', 'text', ' ', '\0', 'a'.repeat(300), 2 ** 31, 1e21, 0.5].map(plain),
  ...[Number.NaN, Number.POSITIVE_INFINITY, -0].map((value) =>
    given(Object.is(value, -0) ? '-0' : String(value), () => value),
  ),
  given('10n ** 30n', () => 10n ** 30n),
  given("'amqp://app:<password>@rabbit/v'", () => `amqp://app:${PASSWORD}@rabbit/v`),
  // A bare password cannot be told from a name or from words of the app: only an address makes it known.
  given("'amqp://app:<password>@rabbit with words'", () => `amqp://app:${PASSWORD}@rabbit with words`),
  given("'\\ud800'", () => '\ud800'),
  given("'\\x1b]0;title\\x07'", () => '\x1b]0;title\x07'),
  given('Symbol()', () => Symbol('odd')),
  given('() => {}', () => () => {}),
  given('() => { throw }', () => fail),
  given('async () => { throw }', () => async () => fail()),
  given('() => never', () => () => new Promise(() => {})),
  given('class {}', () => class {}),
  given('{}', () => ({})),
  given('[]', () => []),
  given('[undefined, null]', () => [undefined, null]),
  given('Object.create(null)', () => Object.create(null)),
  given('a Proxy that refuses all', refusing),
  given('a revoked Proxy', revoked),
  given('a cyclic object', cyclic),
  given('a frozen object', () => Object.freeze({ a: Object.freeze({ b: 1 }) })),
  given('{ get a() { throw } }', () => Object.defineProperty({}, 'a', { get: fail, enumerable: true })),
  given('{ toString: throws, valueOf: throws }', () => ({ toString: fail, valueOf: fail })),
  given('{ toJSON: throws }', () => ({ toJSON: fail })),
  given('{ then: throws }', () => Object.defineProperty({}, 'then', { get: fail })),
  given('{ [Symbol.iterator]: 5 }', () => ({ [Symbol.iterator]: 5 })),
  given('{ [Symbol.asyncIterator]: throws }', () => ({ [Symbol.asyncIterator]: fail })),
  given('{ "__proto__": 1 }', () => JSON.parse('{ "__proto__": 1 }')),
  given('{ "amqp://app:<password>@rabbit": 1 }', () => ({ [`amqp://app:${PASSWORD}@rabbit`]: 1 })),
  given('new Date(NaN)', () => new Date(Number.NaN)),
  given('new Map([[1, 2]])', () => new Map([[1, 2]])),
  given('new Set([1])', () => new Set([1])),
  given("new URLSearchParams('a=1')", () => new URLSearchParams('a=1')),
  given("new URL('http://app:<password>@h')", () => new URL(`http://app:${PASSWORD}@h`)),
  given('new Blob([])', () => new Blob([])),
  given('new Uint8Array(3)', () => new Uint8Array(3)),
  given('new ArrayBuffer(3)', () => new ArrayBuffer(3)),
  given('new Float64Array(1)', () => new Float64Array(1)),
  given('/x/', () => /x/),
  given('new Error()', () => new Error()),
  given('new WeakMap()', () => new WeakMap()),
  given('Promise.resolve(1)', () => Promise.resolve(1)),
  given('Promise.reject()', () => {
    const rejected = Promise.reject(new Error('a promise of the app'))
    rejected.catch(() => {})
    return rejected
  }),
  given('new EventEmitter()', () => new EventEmitter()),
  given(
    'an instance of a class',
    () =>
      new (class Own {
        readonly #hidden = 1
        get shown(): number {
          return this.#hidden
        }
      })(),
  ),
  given('a generator', function* () {
    yield 1
  }),
  given('globalThis', () => globalThis),
]

export const odd: fc.Arbitrary<Given> = fc.constantFrom(...ODD)

/**
 * Mostly one of the right values, else an odd one. Odd ones are rare, since one of them is enough for a call of many options to
 * be refused at the door.
 */
export function mostly(...right: readonly unknown[]): fc.Arbitrary<Given> {
  const values = right.map((value) => (isGiven(value) ? value : plain(value)))
  return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: odd })
}

/**
 * Mostly 0: for the time to try again after a broker that does not answer. Never a value that is a longer time, as undefined is,
 * which stands for the default: a call that waits as long as it is told breaks no promise.
 */
export const noTime: fc.Arbitrary<Given> = mostly(0).filter((time) => {
  const value = time.make()
  return value !== undefined && !(Number.isSafeInteger(value) && (value as number) > 0)
})

function isGiven(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && 'label' in value && 'make' in value
}

/** Mostly nothing at all: for an option that is not known, or of which no value is right here. */
export const seldom: fc.Arbitrary<Given> = mostly(undefined)

/** Signals as apps give them: of this Node, of a polyfill, and such as abort before, during or after a call. */
export const signals: fc.Arbitrary<Given> = fc.constantFrom(
  given('new AbortController().signal', () => new AbortController().signal),
  given('AbortSignal.abort()', () => AbortSignal.abort()),
  given('AbortSignal.timeout(5)', () => AbortSignal.timeout(5)),
  given('a polyfilled signal', () => ({ aborted: false, addEventListener: () => {}, removeEventListener: () => {} })),
  given('a polyfilled signal that has aborted', () => ({
    aborted: true,
    addEventListener: () => {},
    removeEventListener: () => {},
  })),
  given('a polyfilled signal that throws', () => ({
    aborted: false,
    addEventListener: fail,
    removeEventListener: fail,
  })),
)

/** Values that code of an app may throw. */
export const thrown: fc.Arbitrary<Given> = fc.oneof(
  odd,
  fc.constantFrom(
    given('new Error(address)', () => new Error(`cannot reach amqp://app:${PASSWORD}@rabbit`)),
    given('an error of 5 MB', () => new Error('m'.repeat(5_000_000))),
    given('new AggregateError([])', () => new AggregateError([])),
    given('an error whose stack is a number', () => Object.assign(new Error('x'), { stack: 5 })),
    given('an error whose message throws', () => Object.defineProperty(new Error(), 'message', { get: fail })),
    given('an error that is its own cause', () => {
      const error = new Error('x')
      error.cause = error
      return error
    }),
    given('a TypeError', () => new TypeError('x is not a function')),
    given('an error with a code', () => Object.assign(new Error('x'), { code: 'ECONNRESET' })),
  ),
)

/** Loggers and listeners that fail in each way. */
export const loggers: fc.Arbitrary<Given> = fc.constantFrom(
  given('a silent logger', () => ({ info: () => {}, warn: () => {} })),
  given('a logger that throws', () => ({ info: fail, warn: fail })),
  given('a logger that rejects', () => ({ info: async () => fail(), warn: async () => fail() })),
  given('a logger that throws what cannot be printed', () => {
    const throwIt = (): never => {
      throw Object.create(null)
    }
    return { info: throwIt, warn: throwIt }
  }),
)

export const listener: fc.Arbitrary<Given> = mostly(
  given('() => {}', () => () => {}),
  given('a listener that throws', () => fail),
  given('a listener that rejects', () => async () => fail()),
)
