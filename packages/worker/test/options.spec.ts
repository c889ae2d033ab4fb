import { refusal as refusalOf } from '@internal/testing/refusal'
import { afterEach, describe, expect, test, vi } from 'vitest'
import * as worker from '../src/index.ts'
import { consumeMany, consumeOne, type Item, runWorker, WorkerError } from '../src/index.ts'
import * as testing from '../src/testing.ts'
import { createTestItem } from '../src/testing.ts'

/** A port without a listener: a call that gets that far is BROKER_UNREACHABLE. */
const at = { queue: 'q', url: 'amqp://127.0.0.1:1', reconnectForMs: 0 }

const exitCode = process.exitCode
afterEach(() => {
  process.exitCode = exitCode
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

interface Call {
  readonly call: (options: never) => unknown
  /** One that it takes, and its type does not let be so. */
  readonly wrong: Readonly<Record<string, unknown>>
  /** One that it takes, misspelt. */
  readonly misspelt: readonly [typed: string, meant: string]
  readonly valid?: object
  /** The problems besides, when nothing is given. */
  readonly required?: readonly string[]
}

const handler = (item: Item): string => item.text()

/** The report of a process that cannot begin, thrown as a call would throw it. */
async function asProcess(options: never): Promise<void> {
  const said: string[] = []
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text))
    return true
  })
  await runWorker(handler, options)
  stderr.mockRestore()
  const text = said.join('')
  if (!text.includes('INVALID_OPTIONS')) return
  expect(process.exitCode).toBe(78)
  const lines = [...text.matchAll(/^ {2,}(\S+): (.*)$|runWorker: (\S+): (.*)$/gm)]
  const problems = lines.map(([, path, message, only, alone]) => ({
    path: path ?? only ?? '',
    message: message ?? alone ?? '',
  }))
  throw new WorkerError({ code: 'INVALID_OPTIONS', message: text, details: { problems } })
}

/** Every function of the package that takes options. */
const CALLS: Readonly<Record<string, Call>> = {
  consumeOne: {
    call: (o) => consumeOne(handler, o),
    wrong: { empty: 'perhaps' },
    misspelt: ['emtpy', 'empty'],
    valid: at,
    required: ['queue'],
  },
  consumeMany: {
    call: (o) => consumeMany(handler, o),
    wrong: { concurrency: 0 },
    misspelt: ['maxItem', 'maxItems'],
    valid: at,
    required: ['queue'],
  },
  runWorker: {
    call: asProcess,
    wrong: { items: 'some' },
    misspelt: ['concurency', 'concurrency'],
    valid: at,
    required: ['queue'],
  },
  createTestItem: {
    call: (o) => createTestItem('a', o),
    wrong: { body: 'b' },
    misspelt: ['deliverycount', 'deliveryCount'],
  },
}

const refusal = (call: () => unknown) => refusalOf(WorkerError, call)

test('every function of the package is held to what follows', () => {
  const isFunction = ([, value]: [string, unknown]): boolean =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
  const functions = Object.entries({ ...worker, ...testing }).filter(isFunction)
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining(functions.map(([name]) => name)))
})

describe.each(Object.entries(CALLS))(
  '%s',
  (_, { call, wrong, misspelt: [typed, meant], valid = {}, required = [] }) => {
    test('refuses an option that it does not know, and says which was meant', async () => {
      const problems = await refusal(() => call({ ...valid, [typed]: 1 } as never))
      expect(problems).toEqual({ [typed]: `is not known: did you mean ${meant}?` })
    })

    test('says which options there are where none is near', async () => {
      const { colour } = await refusal(() => call({ ...valid, colour: 'green' } as never))
      expect(colour).toMatch(/^is not known: there are /)
      expect(colour).toContain(meant)
    })

    test.each([
      ['null', null, 'null'],
      ['an array', [], 'an array'],
      ['a string', 'amqp://user:s3cret@host', 'a string'],
      ['a number', 7, '7'],
    ])('refuses %s instead of options', async (_name, given, shown) => {
      const { options, overrides, ...others } = await refusal(() => call(given as never))
      expect(options ?? overrides).toBe(`must be an object, not ${shown}`)
      expect(Object.keys(others)).toEqual(required)
    })

    test('names all that is wrong at once', async () => {
      const problems = await refusal(() => call({ ...valid, ...wrong, [typed]: 1, colour: 'green' } as never))
      expect(Object.keys(problems).toSorted()).toEqual([...Object.keys(wrong), typed, 'colour'].toSorted())
    })

    test('takes an option that is undefined for one that is not there', async () => {
      const ended = (async () => call({ ...valid, colour: undefined } as never))()
      expect(await ended.catch((error: { code: string }) => error.code)).not.toBe('INVALID_OPTIONS')
    })
  },
)

test.each([
  ['tls', true, /tls\.connect/],
  ['logger', { warn: () => {} }, /info, warn/],
  ['connection', {}, /amqplib/],
  ['signal', new AbortController(), /AbortSignal/],
])('%s of another kind is refused before anything is opened', async (name, value, message) => {
  const options = { ...at, [name]: value }
  for (const call of [() => consumeOne(handler, options), () => consumeMany(handler, options)]) {
    expect((await refusal(call))[name]).toMatch(message)
  }
})

test('a handler that is not a function is refused before an item is taken', async () => {
  for (const call of [consumeOne, consumeMany]) {
    expect(await refusal(() => call(undefined as never, at))).toEqual({ handler: expect.stringMatching(/function/) })
  }
})

test('a process takes its items by a name of its own, and ends by signals', async () => {
  expect(await refusal(() => asProcess({ ...at, maxItems: 2, signal: AbortSignal.abort() } as never))).toEqual({
    maxItems: expect.stringMatching(/items/),
    signal: expect.stringMatching(/SIGTERM/),
  })
})

test('a process says all that is wrong with its options and its environment at once', async () => {
  vi.stubEnv('QUEUE', '')
  vi.stubEnv('PODQUEUE_ITEMS', 'some')
  vi.stubEnv('PODQUEUE_CONCURRENCY', 'many')
  expect(await refusal(() => asProcess({ emptyCheckDelyMs: 1 } as never))).toEqual({
    queue: expect.stringMatching(/QUEUE/),
    PODQUEUE_ITEMS: expect.stringMatching(/'some'/),
    concurrency: expect.stringMatching(/NaN/),
    emptyCheckDelyMs: 'is not known: did you mean emptyCheckDelayMs?',
  })
})
