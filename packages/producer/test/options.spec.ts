import { refusal as refusalOf } from '@internal/testing/refusal'
import { describe, expect, test } from 'vitest'
import * as producer from '../src/index.ts'
import {
  collectResults,
  createMessage,
  createProducer,
  declareQueue,
  deleteBatch,
  deleteQueue,
  enqueue,
  inspectQueue,
  listDeadLetters,
  ProducerError,
  purgeDeadLetters,
  requeueDeadLetters,
} from '../src/index.ts'

/** Where nobody listens: a call that goes so far is BROKER_UNREACHABLE. */
const url = 'amqp://127.0.0.1:1'
const at = { url, reconnectForMs: 0 }

let read = 0
const items: Iterable<string> = {
  *[Symbol.iterator]() {
    read += 1
    yield 'a'
  },
}

interface Call {
  readonly call: (options: never) => unknown
  /** One that it takes, and its type does not let be so. */
  readonly wrong: Readonly<Record<string, unknown>>
  /** One that it takes, misspelt. */
  readonly misspelt: readonly [typed: string, meant: string]
  readonly valid?: object
}

/** Every function of the package that takes options, and every object of options within those. */
const CALLS: Readonly<Record<string, Call>> = {
  enqueue: { call: (o) => enqueue('q', items, o), wrong: { window: 0 }, misspelt: ['windw', 'window'], valid: at },
  declareQueue: {
    call: (o) => declareQueue('q', o),
    wrong: { type: 'quorom' },
    misspelt: ['deliverylimit', 'deliveryLimit'],
    valid: at,
  },
  inspectQueue: {
    call: (o) => inspectQueue('q', o),
    wrong: { connectTimeoutMs: 0 },
    misspelt: ['verifyTimeout', 'verifyTimeoutMs'],
    valid: at,
  },
  collectResults: {
    call: (o) => collectResults({ queue: 'q', id: 'b' }, o).next(),
    wrong: { after: -1, keep: 'yes', run: 7 },
    misspelt: ['shema', 'schema'],
    valid: at,
  },
  deleteBatch: {
    call: (o) => deleteBatch({ queue: 'q', id: 'b' }, o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
    valid: at,
  },
  'collectResults of a producer': {
    call: (o) => createProducer(at).collectResults({ queue: 'q', id: 'b' }, o).next(),
    wrong: { schema: {} },
    misspelt: ['kep', 'keep'],
  },
  'deleteBatch of a producer': {
    call: (o) => createProducer(at).deleteBatch({ queue: 'q', id: 'b' }, o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
  },
  listDeadLetters: {
    call: (o) => listDeadLetters('q', o),
    wrong: { limit: 65_536, skip: -1 },
    misspelt: ['verifyTimeout', 'verifyTimeoutMs'],
    valid: at,
  },
  requeueDeadLetters: {
    call: (o) => requeueDeadLetters('q', o),
    wrong: { ids: 'a' },
    misspelt: ['id', 'ids'],
    valid: at,
  },
  purgeDeadLetters: {
    call: (o) => purgeDeadLetters('q', o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
    valid: at,
  },
  deleteQueue: {
    call: (o) => deleteQueue('q', o),
    wrong: { discardItems: 'yes' },
    misspelt: ['discardItem', 'discardItems'],
    valid: at,
  },
  createProducer: {
    call: (o) => createProducer(o),
    wrong: { logger: {} },
    misspelt: ['reconectForMs', 'reconnectForMs'],
    valid: at,
  },
  createMessage: { call: (o) => createMessage('a', o), wrong: { expiration: 1 }, misspelt: ['header', 'headers'] },
  'enqueue of a producer': {
    call: (o) => createProducer(at).enqueue('q', items, o),
    wrong: { journal: {} },
    misspelt: ['confirmTimeout', 'confirmTimeoutMs'],
  },
  'declareQueue of a producer': {
    call: (o) => createProducer(at).declareQueue('q', o),
    wrong: { messageTtlMs: 1 },
    misspelt: ['maxLenght', 'maxLength'],
  },
  'inspectQueue of a producer': {
    call: (o) => createProducer(at).inspectQueue('q', o),
    wrong: { signal: new AbortController() },
    misspelt: ['singal', 'signal'],
  },
  'listDeadLetters of a producer': {
    call: (o) => createProducer(at).listDeadLetters('q', o),
    wrong: { limit: 0 },
    misspelt: ['limits', 'limit'],
  },
  'requeueDeadLetters of a producer': {
    call: (o) => createProducer(at).requeueDeadLetters('q', o),
    wrong: { ids: [7] },
    misspelt: ['confirmTimeout', 'confirmTimeoutMs'],
  },
  'purgeDeadLetters of a producer': {
    call: (o) => createProducer(at).purgeDeadLetters('q', o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
  },
  'deleteQueue of a producer': {
    call: (o) => createProducer(at).deleteQueue('q', o),
    wrong: { discardItems: 1 },
    misspelt: ['discardItem', 'discardItems'],
  },
  'declare of a queue': {
    call: (o) => createProducer(at).queue('q').declare(o),
    wrong: { maxLength: -1 },
    misspelt: ['typ', 'type'],
  },
  'enqueue of a queue': {
    call: (o) => createProducer(at).queue('q').enqueue(items, o),
    wrong: { window: 0 },
    misspelt: ['result', 'results'],
  },
  'inspect of a queue': {
    call: (o) => createProducer(at).queue('q').inspect(o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
  },
  'collectResults of a queue': {
    call: (o) => createProducer(at).queue('q').collectResults({ id: 'b' }, o).next(),
    wrong: { keep: 1 },
    misspelt: ['aftr', 'after'],
  },
  'deleteBatch of a queue': {
    call: (o) => createProducer(at).queue('q').deleteBatch({ id: 'b' }, o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
  },
  'listDeadLetters of a queue': {
    call: (o) => createProducer(at).queue('q').listDeadLetters(o),
    wrong: { limit: 0 },
    misspelt: ['limits', 'limit'],
  },
  'requeueDeadLetters of a queue': {
    call: (o) => createProducer(at).queue('q').requeueDeadLetters(o),
    wrong: { ids: [7] },
    misspelt: ['id', 'ids'],
  },
  'purgeDeadLetters of a queue': {
    call: (o) => createProducer(at).queue('q').purgeDeadLetters(o),
    wrong: { signal: 1 },
    misspelt: ['singal', 'signal'],
  },
  'delete of a queue': {
    call: (o) => createProducer(at).queue('q').delete(o),
    wrong: { discardItems: 1 },
    misspelt: ['discardItem', 'discardItems'],
  },
  'close of a producer': {
    call: (o) => createProducer(at).close(o),
    wrong: { timeoutMs: -1 },
    misspelt: ['timeoutMS', 'timeoutMs'],
  },
}

const refusal = (call: () => unknown) => refusalOf(ProducerError, call)

test('every function of the package is held to what follows', () => {
  const isFunction = ([, value]: [string, unknown]): boolean =>
    typeof value === 'function' && !/^class\b/.test(Function.prototype.toString.call(value))
  const functions = Object.entries(producer).filter(isFunction)
  expect(Object.keys(CALLS)).toEqual(expect.arrayContaining(functions.map(([name]) => name)))
})

describe.each(Object.entries(CALLS))('%s', (_, { call, wrong, misspelt: [typed, meant], valid = {} }) => {
  test('refuses an option that it does not know, and says which was meant', async () => {
    const problems = await refusal(() => call({ ...valid, [typed]: 1 } as never))
    expect(problems).toEqual({ [typed]: `is not known: did you mean ${meant}?` })
  })

  test('says which options there are where none is near', async () => {
    const problems = await refusal(() => call({ ...valid, colour: 'green' } as never))
    expect(problems.colour).toMatch(/^is not known: there are /)
    expect(problems.colour).toContain(meant)
  })

  test.each([
    ['null', null, 'null'],
    ['an array', [], 'an array'],
    ['a string', 'amqp://user:s3cret@host', 'a string'],
    ['a number', 7, '7'],
  ])('refuses %s instead of options', async (_name, given, shown) => {
    const problems = await refusal(() => call(given as never))
    expect(Object.values(problems)).toEqual([`must be an object, not ${shown}`])
  })

  test('names all that is wrong at once', async () => {
    const problems = await refusal(() => call({ ...valid, ...wrong, [typed]: 1, colour: 'green' } as never))
    expect(Object.keys(problems).toSorted()).toEqual([...Object.keys(wrong), typed, 'colour'].toSorted())
  })

  test('takes an option that is undefined for one that is not there', async () => {
    const ended = (async () => call({ ...valid, colour: undefined } as never))()
    expect(await ended.catch((error: { code: string }) => error.code)).not.toBe('INVALID_OPTIONS')
  })
})

test('a view of a queue refuses a name that no queue has, and a batch of another queue', async () => {
  const producer = createProducer(at)
  expect(await refusal(() => producer.queue('q'.repeat(251)))).toEqual({
    queue: expect.stringMatching(/at most 250 bytes/),
  })
  const batch = { queue: 'other', id: 'b' }
  for (const call of [
    () => producer.queue('q').collectResults(batch).next(),
    () => producer.queue('q').deleteBatch(batch),
  ]) {
    expect(await refusal(call)).toEqual({ 'batch.queue': 'must be q, the queue of this view, or left out' })
  }
  const none = refusal(() => producer.queue('q').deleteBatch(undefined as never))
  expect(await none).toEqual({ 'batch.id': expect.stringMatching(/id of a receipt/) })
})

test('listeners are known by their events, and are functions', async () => {
  const on = { conected: () => {}, blocked: 'yes' } as object
  for (const call of [() => enqueue('q', items, { ...at, on }), () => createProducer({ ...at, on })]) {
    expect(await refusal(call)).toEqual({
      'on.conected': 'is not known: did you mean connected?',
      'on.blocked': 'must be a function, not a string',
    })
  }
  expect(await refusal(() => createProducer({ on: null } as never))).toEqual({
    on: 'must be an object, not null',
  })
})

test.each([
  ['tls', true, /tls\.connect/],
  ['logger', { warn: () => {} }, /info, warn/],
  ['connection', {}, /amqplib/],
  ['signal', new AbortController(), /AbortSignal/],
  ['journal', { append: () => {} }, /open, append, close/],
  ['journal', '', /non-empty/],
  ['schema', {}, /Standard Schema/],
  ['encode', 'json', /function/],
  ['messageId', 7, /function/],
])('%s of another kind is refused before anything is opened', async (name, value, message) => {
  const problems = await refusal(() => enqueue('q', items, { reconnectForMs: 0, [name]: value }))
  expect(problems[name]).toMatch(message)
})

test('a message may be given for the fields of another', () => {
  const message = createMessage('a', { id: 'order-17', priority: 2 })
  expect(createMessage('b', message)).toMatchObject({ body: 'b', id: 'order-17', priority: 2 })
})

test('nothing was read of the items of a call that is refused', () => {
  expect(read).toBe(0)
})

test('a batch or a schema that throws when it is read is a problem with a path', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const batch = { queue: 'jobs', id: '0199d2c4-0000-7000-8000-000000000000' }
  const calls = [
    { path: 'batch', call: () => collectResults(proxy as never, at).next() },
    { path: 'batch', call: () => deleteBatch(proxy as never, at) },
    { path: 'schema', call: () => collectResults(batch, { ...at, schema: proxy as never }).next() },
  ]
  for (const { path, call } of calls) {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ProducerError)
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(path) })
  }
})
