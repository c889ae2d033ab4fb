import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  createMessage,
  createProducer,
  EnqueueError,
  enqueue,
  type Items,
  type Logger,
  ProducerError,
} from '../src/index.ts'

let warnings: Error[] = []
const onWarning = (warning: Error): void => void warnings.push(warning)

beforeEach(() => {
  warnings = []
  process.on('warning', onWarning)
})

afterEach(() => void process.off('warning', onWarning))

async function errorOf(call: Promise<unknown>): Promise<ProducerError> {
  const error = await call.catch((reason) => reason)
  expect(error).toBeInstanceOf(ProducerError)
  return error as ProducerError
}

/** Where nobody listens. */
const nowhere = 'amqp://127.0.0.1:1'

describe('a source', () => {
  test.each([
    ['that never closes, when the call is aborted', () => new AbortController()],
    ['that never closes, when too many items failed', () => undefined],
  ])('%s, is given up', async (_, makeController) => {
    await using queue = await testQueue()
    const controller = makeController()
    let index = 0
    const endless = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          index += 1
          if (index === 3) controller?.abort()
          return { done: false, value: controller === undefined ? undefined : 'a' }
        },
        return: () => new Promise<never>(() => {}),
      }),
    }
    const error = await errorOf(
      enqueue(queue.name, endless, {
        url: brokerUrl(),
        maxFailures: 2,
        ...(controller && { signal: controller.signal }),
      }),
    )
    expect(error.code).toBe(controller === undefined ? 'NOT_ALL_CONFIRMED' : 'ABORTED')
  })

  test.each([
    ['whose iterator is a number', { [Symbol.iterator]: 5 }, 'INVALID_ITEMS'],
    ['whose iterator is nothing', { [Symbol.iterator]: () => undefined }, 'INVALID_ITEMS'],
    ['whose iterator throws when it is asked for', { [Symbol.iterator]: () => fail() }, 'INVALID_ITEMS'],
    ['that is a number', 5, 'INVALID_ITEMS'],
    ['whose next returns a number', { [Symbol.iterator]: () => ({ next: () => 5 }) }, 'SOURCE_FAILED'],
    [
      'whose next returns an object with a field called then',
      { [Symbol.iterator]: () => ({ next: () => thenable(5) }) },
      'NOT_ALL_CONFIRMED',
    ],
    ['whose next throws nothing', { [Symbol.iterator]: () => ({ next: () => fail(undefined) }) }, 'SOURCE_FAILED'],
    [
      'whose next settles twice',
      {
        [Symbol.iterator]: () => ({
          next: () => thenable((take: (step: object) => void) => [take({ done: true }), take({})]),
        }),
      },
      undefined,
    ],
  ])('%s has a documented end', async (_, items, code) => {
    await using queue = await testQueue()
    const ended = await enqueue(queue.name, items as unknown as Items, { url: brokerUrl() }).catch((error) => error)
    if (code === undefined) expect(ended).toMatchObject({ confirmed: 0 })
    else expect(ended).toMatchObject({ code, name: expect.stringMatching(/Error$/) })
  })

  test('that yields an item whose every property throws, has one invalid item', async () => {
    await using queue = await testQueue()
    const hostile = new Proxy({}, { get: () => fail(), has: () => fail(), ownKeys: () => fail() })
    const error = await errorOf(enqueue(queue.name, ['a', hostile, 'b'], { url: brokerUrl() }))
    expect(error).toMatchObject({ counts: { confirmed: 2, invalid: 1 } })
    expect((error as EnqueueError).failures).toMatchObject([{ index: 1, outcome: 'invalid' }])
  })
})

function fail(error: unknown = new Error('my own mistake')): never {
  throw error
}

const thenable = (then: unknown): object => Object.defineProperty({}, 'then', { value: then })

const schemaOf = (validate: (value: unknown) => unknown): StandardSchemaV1<string, string> => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as never },
})

describe('a function of the app', () => {
  test.each([
    ['a schema that returns undefined', { schema: schemaOf(() => undefined) }, /The schema threw, or did not return/],
    [
      'a schema that resolves to undefined',
      { schema: schemaOf(async () => undefined) },
      /The schema threw, or did not/,
    ],
    ['a schema whose issues are a number', { schema: schemaOf(() => ({ issues: 5 })) }, /The schema threw, or did not/],
    [
      'a schema whose issues have odd paths',
      { schema: schemaOf(() => ({ issues: [{ path: [Symbol('s'), 1] }] })) },
      /at \$\.Symbol\(s\)\[1\]/,
    ],
    ['a schema that rejects with nothing', { schema: schemaOf(() => Promise.reject()) }, /The schema threw/],
    ['an encode that returns nothing', { encode: () => undefined }, /encode returned undefined, not a string or bytes/],
    [
      'an encode that returns a promise',
      { encode: async () => 'a' },
      /encode returned an object, not a string or bytes/,
    ],
    [
      'an encode that throws an object without a prototype',
      { encode: () => fail(Object.create(null)) },
      /encode threw/,
    ],
    [
      'a messageId that returns undefined',
      { messageId: () => undefined },
      /messageId returned undefined, not a string/,
    ],
    ['a messageId that returns a number', { messageId: () => 7 }, /messageId returned a number, not a string/],
    ['a messageId that returns an empty string', { messageId: () => '' }, /id must be a non-empty string/],
    ['a messageId that is too long', { messageId: () => 'ü'.repeat(128) }, /id must be at most 255 bytes/],
  ])('%s makes its item invalid, with the reason', async (_, options, reason) => {
    await using queue = await testQueue()
    const error = await errorOf(enqueue(queue.name, ['a'], { url: brokerUrl(), ...(options as object) }))
    expect((error as EnqueueError).failures).toMatchObject([
      { index: 0, outcome: 'invalid', reason: expect.stringMatching(reason) },
    ])
    expect(await queue.drain()).toEqual([])
  })

  test('gets the body of a message, as it gets an item', async () => {
    await using queue = await testQueue()
    const seen: string[] = []
    await enqueue(queue.name, ['a', createMessage('b')], {
      url: brokerUrl(),
      messageId: (item: string) => {
        seen.push(item)
        return `id-${item}`
      },
    })
    expect(seen).toEqual(['a', 'b'])
  })
})

describe('a logger', () => {
  test.each<[string, () => unknown]>([
    ['throws', () => fail()],
    ['rejects', async () => fail()],
    ['throws what cannot be printed', () => fail(Object.create(null))],
  ])('that %s becomes a process warning, and the retries go on', async (_, warn) => {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    proxy.freeze()
    let calls = 0
    const logger = {
      info: () => {},
      warn: () => {
        calls += 1
        if (calls === 2) proxy.thaw()
        return warn()
      },
    } as Logger
    const receipt = await enqueue(queue.name, ['a'], { url: proxy.url, connectTimeoutMs: 1_000, logger })
    expect(receipt.confirmed).toBe(1)
    await expect.poll(() => warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/logger's warn/)])
  })
})

describe('a signal of a polyfill', () => {
  /** The least that passes for one. */
  function polyfill(): { readonly signal: AbortSignal; abort(): void } {
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    }
    return {
      signal: signal as unknown as AbortSignal,
      abort: () => {
        signal.aborted = true
        for (const listener of listeners) listener()
      },
    }
  }

  test.each([
    ['enqueue', (signal: AbortSignal) => enqueue('q', ['a'], { url: nowhere, signal })],
    [
      'enqueue of a producer',
      (signal: AbortSignal) => createProducer({ url: nowhere }).enqueue('q', ['a'], { signal }),
    ],
    [
      'inspectQueue of a producer',
      (signal: AbortSignal) => createProducer({ url: nowhere }).inspectQueue('q', { signal }),
    ],
  ])('ends %s', async (_, call) => {
    const { signal, abort } = polyfill()
    const ended = errorOf(call(signal))
    abort()
    expect(await ended).toMatchObject({ code: 'ABORTED' })
  })

  test('that never aborts does no harm', async () => {
    await using queue = await testQueue()
    await using producer = createProducer({ url: brokerUrl() })
    expect(await producer.enqueue(queue.name, ['a'], { signal: polyfill().signal })).toMatchObject({ confirmed: 1 })
  })
})

test.each<[string, object]>([
  ['a Symbol as url', { url: Symbol('s') }],
  ['an object without a prototype as url', { url: Object.create(null) }],
  ['a connection with one method', { connection: { createConfirmChannel: () => {} } }],
  ['a connection whose properties throw', { connection: new Proxy({}, { get: () => fail() }) }],
  ['a schema whose properties throw', { schema: new Proxy({}, { get: () => fail() }) }],
  ['a journal whose properties throw', { journal: new Proxy({}, { get: () => fail() }) }],
  [
    'an option that throws when it is read',
    Object.defineProperty({}, 'window', { enumerable: true, get: () => fail() }),
  ],
])('%s is INVALID_OPTIONS', async (_, options) => {
  expect(await errorOf(enqueue('q', ['a'], options))).toMatchObject({ code: 'INVALID_OPTIONS' })
})

test('an error that is not of the network is said at once, and not tried again', async () => {
  const logged: string[] = []
  const logger = { info: () => {}, warn: (_: object, text: string) => void logged.push(text) }
  const url = brokerUrl().replace('amqp:', 'amqps:')
  for (const tls of [{ ca: 5 }, { key: 'no key', cert: 'no cert' }, { minVersion: 'TLSv9' }]) {
    expect(await errorOf(enqueue('q', ['a'], { url, tls: tls as never, logger }))).toMatchObject({
      code: 'INTERNAL_ERROR',
      retryable: false,
    })
  }
  expect(logged).toEqual([])
})

describe('a call that tries again', () => {
  /** Starts a program that enqueues where nobody listens. */
  function program(reconnectForMs: number) {
    const source = new URL('../src/index.ts', import.meta.url).href
    const text = `import { enqueue } from '${source}'; await enqueue('q', ['a'], { url: '${nowhere}', reconnectForMs: ${reconnectForMs} })`
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', text], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  }

  test('says so on standard error at once, not at its end', async () => {
    // Its end comes in ten minutes.
    const child = program(600_000)
    try {
      let text = ''
      while (!text.includes('Trying again')) text += String((await once(child.stderr, 'data'))[0])
      expect(text).toMatch(
        /PodqueueWarning: No broker answers at amqp:\/\/127\.0\.0\.1:1: nothing listens there \(ECONNREFUSED\)/,
      )
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('says so once, and ends with one short cause', async () => {
    const child = program(3_000)
    let text = ''
    child.stderr.on('data', (bytes) => {
      text += String(bytes)
    })
    await once(child, 'close')
    expect(text.match(/Trying again/g)).toHaveLength(1)
    expect(text).toContain("code: 'BROKER_UNREACHABLE'")
    expect(text.match(/ECONNREFUSED 127/g), 'one cause').toHaveLength(1)
    expect(text.split('\n').length).toBeLessThan(40)
  })

  test.each([
    ['a logger', { logger: { info: () => {}, warn: () => {} } }],
    ['a listener', { on: { retrying: () => {} } }],
  ])('leaves standard error alone with %s', async (_, options) => {
    await errorOf(enqueue('q', ['a'], { url: nowhere, reconnectForMs: 300, ...options }))
    expect(warnings).toEqual([])
  })

  test('tells a listener why', async () => {
    const told: object[] = []
    await errorOf(
      enqueue('q', ['a'], { url: nowhere, reconnectForMs: 3_000, on: { retrying: (event) => told.push(event) } }),
    )
    expect(told[0]).toEqual({
      address: 'amqp://127.0.0.1:1',
      code: 'BROKER_UNREACHABLE',
      reason: expect.stringMatching(/nothing listens there/),
    })
  })

  test('for a host name that does not resolve ends with HOST_NOT_FOUND', async () => {
    const error = await errorOf(
      enqueue('q', ['a'], { url: 'amqp://no-such-host.invalid', reconnectForMs: 300, on: { retrying: () => {} } }),
    )
    expect(error).toMatchObject({ code: expect.stringMatching(/HOST_NOT_FOUND|BROKER_UNREACHABLE/) })
    expect(error.message).toMatch(/name.*(does not resolve|cannot be resolved)/)
  })
})

test('the types of enqueue hold a schema to the items, and encode to the output of the schema', () => {
  const toText = schemaOf((value) => ({ value }))
  const toNumber: StandardSchemaV1<string, number> = {
    '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: Number(value) }) },
  }
  const calls = [
    () =>
      enqueue('q', ['1'], {
        schema: toNumber,
        encode: (item: number) => item.toFixed(2),
        messageId: (item: string) => item,
      }),
    () => enqueue('q', ['1', createMessage('2')], { schema: toText }),
    () => enqueue('q', [createMessage('2')], { schema: toText }),
    // @ts-expect-error numbers are not what the schema takes
    () => enqueue('q', [1, 2], { schema: toText }),
    // @ts-expect-error encode gets the output of the schema
    () => enqueue('q', ['1'], { schema: toNumber, encode: (item: string) => item }),
    // @ts-expect-error an id must be a string
    () => enqueue('q', ['1'], { messageId: () => undefined }),
    async () => {
      const error: unknown = undefined
      if (!(error instanceof ProducerError) || error instanceof EnqueueError) return
      // @ts-expect-error only a permission that is missing is named
      if (error.code === 'JOURNAL_LOCKED') return error.details.permission
      if (error.code === 'NOT_PERMITTED') return error.details.permission
      return undefined
    },
  ]
  expect(calls.every((call) => typeof call === 'function')).toBe(true)
})

describe('a function that is to return at once, and returns a promise that rejects', () => {
  const rejects = async (): Promise<never> => {
    throw new Error('too late')
  }
  test.each<[string, unknown, object, RegExp]>([
    ['encode', 'a', { encode: rejects }, /^encode returned an object/],
    ['messageId', 'a', { messageId: rejects }, /^messageId returned an object/],
    ['toJSON of an item', { a: { toJSON: rejects } }, {}, /^\$\.a is a Promise/],
    ['the source itself', undefined, {}, /^\$ is a Promise/],
  ])('%s: its item is invalid, the others are confirmed, and the process goes on', async (_, item, options, reason) => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      await using queue = await testQueue()
      const fine = createMessage('b', { id: 'b' })
      const others = 'encode' in options ? [] : [fine]
      const items = function* () {
        yield (item ?? rejects()) as string
        yield* others
      }
      const error = await errorOf(enqueue(queue.name, items() as Items, { url: brokerUrl(), ...options }))
      expect(error).toMatchObject({ counts: { invalid: 1, confirmed: others.length } })
      expect((error as EnqueueError).failures[0]?.reason).toMatch(reason)
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})
