import { expect, test } from 'vitest'
import { type Names, Problems, showName } from '../src/index.ts'

interface Options {
  readonly name?: string
  readonly empty?: 'exit' | 'wait'
  readonly waitMs?: number
  readonly isOn?: boolean
  readonly logger?: object
  readonly run?: () => void
  readonly signal?: AbortSignal
}
const NAMES: Names<Options> = {
  name: true,
  empty: true,
  waitMs: true,
  isOn: true,
  logger: true,
  run: true,
  signal: true,
}

function check(given: unknown): Problems {
  const problems = new Problems()
  const options = problems.options('options', given as Options, NAMES)
  problems.text('name', options.name)
  problems.oneOf('empty', options.empty, ['exit', 'wait'])
  problems.durationMs('waitMs', options.waitMs, { min: 1 })
  problems.flag('isOn', options.isOn)
  problems.methods('logger', options.logger, ['info', 'warn'])
  problems.callable('run', options.run)
  problems.signal('signal', options.signal)
  return problems
}

const found = (given: unknown): Record<string, string> =>
  Object.fromEntries(check(given).found.map(({ path, message }) => [path, message]))

const refusing = new Proxy(
  {},
  {
    get: () => {
      throw new Error('s3cret')
    },
    ownKeys: () => {
      throw new Error('s3cret')
    },
    getPrototypeOf: () => {
      throw new Error('s3cret')
    },
  },
)
const revoked = Proxy.revocable([], {})
revoked.revoke()
const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic

const ODD: readonly unknown[] = [
  Symbol('s3cret'),
  Object.create(null),
  refusing,
  revoked.proxy,
  cyclic,
  10n ** 30n,
  Number.NaN,
  -0,
  '',
  'amqp://app:s3cret@rabbit',
  's3cret with spaces',
  [],
  ['s3cret'],
  new Map([['s3cret', 1]]),
  () => 's3cret',
  class {},
  null,
  true,
  new Date(Number.NaN),
  { toString: () => 's3cret', valueOf: () => 's3cret', toJSON: () => 's3cret' },
]

test.each(ODD.map((value, index) => [index, value]))(
  'odd value %i is a problem or is accepted, never an exception, and never shown',
  (_, odd) => {
    for (const given of [odd, ...Object.keys(NAMES).map((name) => ({ [name]: odd })), { unknown: odd }]) {
      const problems = check(given)
      expect(JSON.stringify(problems.found)).not.toContain('s3cret')
      const told: string[] = []
      const toError = ({ message }: { message: string }): Error => new Error(message)
      try {
        problems.throwAs('call', toError)
      } catch (error) {
        told.push(String(error))
      }
      expect(told).toHaveLength(problems.found.length === 0 ? 0 : 1)
    }
  },
)

test('an unknown name is suggested where it is near, and is shown only if it is a name', () => {
  expect(found({ name: 'x', waitms: 1 })).toEqual({ waitms: 'is not known: did you mean waitMs?' })
  expect(found({ name: 'x', colour: 1 }).colour).toMatch(/^is not known: there are name, empty, /)
  const message = JSON.stringify(
    found({ name: 'x', 'amqp://app:s3cret@rabbit': 1, 'pass word': 2, [`x${'y'.repeat(300)}`]: 3 }),
  )
  expect(message).toContain('whose name is not shown')
  expect(message).not.toMatch(/s3cret|pass word|yyy/)
})

test('names in prototypes are not known, and do no harm', () => {
  const { found } = check(JSON.parse('{"name":"x","__proto__":1,"constructor":2,"toString":3}'))
  expect(found.map(({ path }) => path)).toEqual(['__proto__', 'constructor', 'toString'])
})

test('each option is read once, at the door, and from an instance of a class too', () => {
  let reads = 0
  class Given {
    get name(): string {
      reads += 1
      return reads === 1 ? 'x' : ''
    }
  }
  expect(found(new Given())).toEqual({})
  expect(reads).toBe(1)
})

test('an option that is undefined counts as not given', () => {
  expect(found({ name: 'x', empty: undefined, colour: undefined })).toEqual({})
})

test('problems say what would be right', () => {
  expect(
    found({ name: '', empty: 'stop', waitMs: 0.5, isOn: 'yes', logger: { info: () => {} }, run: {}, signal: {} }),
  ).toEqual({
    name: 'must be a non-empty string, not an empty string',
    empty: "must be 'exit' or 'wait', not 'stop'",
    waitMs: 'must be a whole number from 1 to 2147483647, not 0.5',
    isOn: 'must be true or false, not a string',
    logger: 'must have the methods info, warn; warn is missing',
    run: 'must be a function, not an object',
    signal: 'must be an AbortSignal, such as the signal of an AbortController, not an object',
  })
  const problems = new Problems()
  problems.list('args', 'node worker.js', "['node', 'worker.js']")
  expect(problems.found).toEqual([
    { path: 'args', message: "must be an array, such as ['node', 'worker.js'], not a string" },
  ])
})

test('an array of strings is read once, and what is none is told, also where reading it throws', () => {
  const revoked = Proxy.revocable(['a'], {})
  revoked.revoke()
  const throwing = new Proxy(['a'], {
    get: () => {
      throw new Error('not today')
    },
  })
  for (const value of ['a', {}, [1], ['a', undefined], [null, 'a'], revoked.proxy, throwing]) {
    const problems = new Problems()
    expect(problems.texts('ids', value, 'the ids')).toBeUndefined()
    expect(problems.found).toMatchObject([{ path: 'ids' }])
  }
  const ids = ['a', 'b']
  const problems = new Problems()
  const read = problems.texts('ids', ids, 'the ids')
  ids.push('c')
  expect({ read, found: problems.found }).toEqual({ read: ['a', 'b'], found: [] })
  expect(problems.texts('ids', undefined, 'the ids')).toBeUndefined()
})

test('a polyfilled signal is followed by one of this Node', () => {
  const listeners: (() => void)[] = []
  const polyfill = {
    aborted: false,
    reason: 'enough',
    addEventListener: (_: string, listener: () => void) => listeners.push(listener),
  }
  const signal = new Problems().signal('signal', polyfill)
  expect(signal).toBeInstanceOf(AbortSignal)
  expect(new Problems().signal('signal', polyfill)).toBe(signal)
  expect(listeners).toHaveLength(1)
  listeners[0]?.()
  expect(signal).toMatchObject({ aborted: true, reason: 'enough' })
  const { signal: native } = new AbortController()
  expect(new Problems().signal('signal', native)).toBe(native)
})

test.each([
  ['job-wq-1', "'job-wq-1'"],
  ['app.kubernetes.io/name', "'app.kubernetes.io/name'"],
  ['amqp://app:s3cret@rabbit', 'a string'],
  ['app:s3cret', 'a string'],
  ['x'.repeat(300), 'a string'],
  [undefined, 'undefined'],
  [Symbol('x'), 'a symbol'],
])('a name is shown only if it is one', (name, shown) => {
  expect(showName(name)).toBe(shown)
})

test.each([
  ['queue.urlFrom.secret', 'queue.urlFrom.secret'],
  ["images['registry.example/worker:1'][0]", "images['registry.example/worker:1'][0]"],
  ['labels.app.kubernetes.io/name', 'labels.app.kubernetes.io/name'],
  ['env.amqp://app:s3cret@rabbit', 'env (a name that is not shown)'],
  ['env.s3cret with words', 'env (a name that is not shown)'],
  ['amqp://s3cret', '(a name that is not shown)'],
  ['labels.\x1b[2J', 'labels (a name that is not shown)'],
])('a path is shown up to a name that may be a secret: %s', (path, shown) => {
  const problems = new Problems()
  problems.add(path, 'is wrong')
  expect(problems.found).toEqual([{ path: shown, message: 'is wrong' }])
})
