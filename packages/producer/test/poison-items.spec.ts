import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { brokerUrl } from '@internal/testing/broker-url'
import { tcpProxy } from '@internal/testing/tcp-proxy'
import { testQueue } from '@internal/testing/test-queue'
import { connect } from 'amqplib'
import { describe, expect, test } from 'vitest'
import { createMessage, createProducer, EnqueueError, enqueue, type Message } from '../src/index.ts'
import { missing, takeAll } from './items-in-queue.ts'

async function failureOf(call: Promise<unknown>): Promise<EnqueueError> {
  const error = await call.catch((reason) => reason)
  expect(error).toBeInstanceOf(EnqueueError)
  return error as EnqueueError
}

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic
const deep = (levels: number): object => (levels === 0 ? {} : { in: deep(levels - 1) })

/** Headers that RabbitMQ, or AMQP itself, cannot take, and the words of the reason. */
const POISON: readonly (readonly [what: string, headers: unknown, reason: RegExp])[] = [
  ['NaN', { score: Number.NaN }, /headers\.score is NaN/],
  ['-Infinity in an array', { scores: [1, Number.NEGATIVE_INFINITY] }, /headers\.scores\[1\] is -Infinity/],
  ['a value larger than a frame', { page: 'x'.repeat(140_000) }, /properties, headers included, are \d+ bytes/],
  ['many values, together larger than a frame', Object.fromEntries(numbered(20_000)), /properties, headers included/],
  ['CC that is a number', { CC: 5 }, /headers\.CC must be an array of strings/],
  ['BCC that is a string', { BCC: 'x' }, /headers\.BCC must be an array of strings/],
  ['CC with a number in it', { CC: ['a', 1] }, /headers\.CC must be an array of strings/],
  ['an invalid Date', { at: new Date('never') }, /headers\.at is an invalid Date/],
  ['a Date before 1970', { at: new Date(-1) }, /headers\.at is a Date before 1970/],
  ['a BigInt of more than 64 bits', { id: 2n ** 63n }, /headers\.id needs more than the 64 bits/],
  ['a function', { f: () => {} }, /headers\.f is a function/],
  ['a symbol', { s: Symbol('s') }, /headers\.s is a symbol/],
  ['undefined in an array', { list: [undefined] }, /headers\.list\[0\] is undefined/],
  ['a Map', { map: new Map([['a', 1]]) }, /headers\.map is an object of which AMQP would keep nothing/],
  ['a URL', { url: new URL('http://host') }, /headers\.url is an object of which AMQP would keep nothing/],
  ['an Error', { error: Object.assign(new Error('no'), { code: 'E' }) }, /headers\.error is an object/],
  ['a boxed number', { n: Object(1) }, /headers\.n is an object/],
  ['an object within itself', cyclic, /headers\.self(\.self)? refers back/],
  ['40 levels', { deep: deep(40) }, /nested more than 32 levels deep/],
  ['a name of 256 bytes', { ['n'.repeat(256)]: 1 }, /256 bytes long; AMQP's limit is 255/],
  ['an array instead of headers', ['a'], /headers must be an object/],
  ['a getter that throws', Object.defineProperty({}, 'x', { enumerable: true, get: () => fail() }), /cannot be read/],
]

function numbered(count: number): [string, number][] {
  return Array.from({ length: count }, (_, index) => [`name-${index}`, index])
}

function fail(): never {
  throw new Error('my own mistake')
}

/** Numbers as items, of which one has these headers. */
function withPoison(count: number, at: number, headers: unknown): (string | Message)[] {
  return Array.from({ length: count }, (_, index) =>
    index === at ? createMessage(String(index), { headers: headers as never }) : String(index),
  )
}

test('an item that the broker would close the connection for is invalid, by index and path; the other 1,999 are there once', async () => {
  for (const [, headers, reason] of POISON.slice(0, 3)) {
    await using queue = await testQueue()
    await using proxy = await tcpProxy(brokerUrl())
    const logged: string[] = []
    const logger = { info: () => {}, warn: (_: object, text: string) => void logged.push(text) }
    const error = await failureOf(enqueue(queue.name, withPoison(2_000, 1_234, headers), { url: proxy.url, logger }))
    expect(error.counts).toEqual({ total: 2_000, confirmed: 1_999, returned: 0, nacked: 0, unknown: 0, invalid: 1 })
    expect(error.failures).toMatchObject([{ index: 1_234, outcome: 'invalid', reason: expect.stringMatching(reason) }])
    expect({ connections: proxy.accepted, logged }).toEqual({ connections: 1, logged: [] })
    const found = await takeAll(brokerUrl(), queue.name)
    expect({ missing: missing(found, 2_000), duplicates: found.duplicates }).toEqual({
      missing: [1_234],
      duplicates: 0,
    })
  }
})

test.each(POISON)('headers with %s make their item invalid, and nothing else', async (_, headers, reason) => {
  await using queue = await testQueue()
  await using proxy = await tcpProxy(brokerUrl())
  const { counts, failures } = await failureOf(enqueue(queue.name, withPoison(10, 5, headers), { url: proxy.url }))
  expect(counts).toMatchObject({ total: 10, confirmed: 9, invalid: 1 })
  expect(failures).toMatchObject([{ index: 5, reason: expect.stringMatching(reason) }])
  expect(proxy.accepted).toBe(1)
})

test.each(POISON)('over a connection of the app, headers with %s do not close it', async (_, headers) => {
  await using queue = await testQueue()
  const connection = await connect(brokerUrl())
  const lost: unknown[] = []
  connection.on('error', (error) => lost.push(error))
  try {
    const { counts } = await failureOf(enqueue(queue.name, withPoison(10, 5, headers), { connection }))
    expect(counts).toMatchObject({ total: 10, confirmed: 9, invalid: 1 })
    expect(lost).toEqual([])
    expect((await queue.drain()).length).toBe(9)
  } finally {
    await connection.close()
  }
})

test.each([
  ['a connection of its own', false],
  ['a connection of the app', true],
])('headers of every kind that AMQP has arrive as they were, over %s', async (_, isOwn) => {
  await using queue = await testQueue()
  const headers = {
    text: 'grün\u0000',
    yes: true,
    no: false,
    int: -5,
    large: 2 ** 40,
    huge: 1e300,
    tiny: -1e300,
    half: 0.5,
    bigint: -(2n ** 63n),
    nothing: null,
    bytes: new Uint8Array([0, 255]),
    at: new Date(1_700_000_000_000),
    list: [1, 'a', [true], { in: null }],
    table: { '!': 'int64', value: 'not a type' },
    missing: undefined,
    CC: [],
    __proto__: null,
  }
  const connection = isOwn ? await connect(brokerUrl()) : undefined
  const options = connection === undefined ? { url: brokerUrl() } : { connection }
  await enqueue(queue.name, [createMessage('a', { headers })], options)
  await connection?.close()
  const got = await queue.channel.get(queue.name, { noAck: true })
  const arrived = got === false ? {} : (got.properties.headers ?? {})
  expect(arrived).toMatchObject({
    text: 'grün\u0000',
    yes: true,
    no: false,
    int: -5,
    large: 2 ** 40,
    huge: 1e300,
    tiny: -1e300,
    half: 0.5,
    bigint: -(2 ** 63),
    nothing: null,
    bytes: Buffer.from([0, 255]),
    at: { '!': 'timestamp', value: 1_700_000_000 },
    list: [1, 'a', [true], { in: null }],
    table: { '!': 'int64', value: 'not a type' },
  })
  expect(arrived).not.toHaveProperty('missing')
})

test('headers are sent as they were when their item was read, although the app changes the object later', async () => {
  await using queue = await testQueue()
  const headers = { n: 0 }
  function* items() {
    for (let n = 0; n < 3; n++) {
      headers.n = n
      yield createMessage(String(n), { headers })
    }
  }
  await enqueue(queue.name, items(), { url: brokerUrl(), window: 1 })
  for (let n = 0; n < 3; n++) {
    const got = await queue.channel.get(queue.name, { noAck: true })
    expect(got === false ? undefined : got.properties.headers?.n).toBe(n)
  }
})

/** A TCP front that answers bytes with a mark in them by closing the connection, as a broker does that cannot read a frame. */
async function touchyFront(mark: string, code: number) {
  const upstream = new URL(brokerUrl())
  let closes = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connectTcp(Number(upstream.port || 5672), upstream.hostname)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    broker.on('data', (bytes) => client.write(bytes))
    broker.on('close', () => client.end())
    client.on('close', () => broker.destroy())
    let isClosed = false
    client.on('data', (bytes) => {
      if (isClosed) return
      const at = bytes.indexOf(mark)
      if (at === -1) {
        broker.write(bytes)
        return
      }
      closes += 1
      isClosed = true
      broker.removeAllListeners('data')
      broker.destroy()
      client.write(closeFrame(code, 'INTERNAL_ERROR'))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(brokerUrl()), { hostname: '127.0.0.1', port: String(port) }).href,
    get closes() {
      return closes
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function closeFrame(code: number, text: string): Buffer {
  const payload = Buffer.alloc(4 + 2 + 1 + text.length + 4)
  payload.writeUInt16BE(10, 0)
  payload.writeUInt16BE(50, 2)
  payload.writeUInt16BE(code, 4)
  payload[6] = text.length
  payload.write(text, 7)
  const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0]), payload, Buffer.from([0xce])])
  frame.writeUInt32BE(payload.length, 3)
  return frame
}

describe('an item for which the broker closes the connection, for a reason that nobody knew', () => {
  test.each([501, 505, 540, 541])('is found and invalid (%i); all others are confirmed', async (code) => {
    await using queue = await testQueue()
    await using front = await touchyFront('POISON', code)
    const items = Array.from({ length: 300 }, (_, index) => (index === 200 ? 'POISON' : String(index)))
    const error = await failureOf(enqueue(queue.name, items, { url: front.url, reconnectForMs: 0 }))
    expect(error.counts).toMatchObject({ total: 300, confirmed: 299, invalid: 1, unknown: 0 })
    expect(error.failures).toMatchObject([
      { index: 200, reason: expect.stringMatching(/broker does not accept it.*INTERNAL_ERROR/) },
    ])
    expect(missing(await takeAll(brokerUrl(), queue.name), 300)).toEqual([200])
    expect(front.closes, 'found in a few steps').toBeLessThan(10)
  })

  test('is found among others of its kind', async () => {
    await using queue = await testQueue()
    await using front = await touchyFront('POISON', 541)
    const at = new Set([3, 4, 50, 99])
    const items = Array.from({ length: 100 }, (_, index) => (at.has(index) ? 'POISON' : String(index)))
    const error = await failureOf(enqueue(queue.name, items, { url: front.url, window: 20 }))
    expect(error.counts).toMatchObject({ confirmed: 96, invalid: 4, unknown: 0 })
    expect(error.failures.map(({ index }) => index)).toEqual([...at])
  })

  test('does not fail the other calls of its producer', async () => {
    await using queue = await testQueue()
    await using other = await testQueue()
    await using front = await touchyFront('POISON', 541)
    await using producer = createProducer({ url: front.url })
    const poisoned = Array.from({ length: 200 }, (_, index) => (index === 150 ? 'POISON' : String(index)))
    const good = Array.from({ length: 200 }, (_, index) => String(index))
    const [error, receipt] = await Promise.all([
      failureOf(producer.enqueue(queue.name, poisoned)),
      producer.enqueue(other.name, good),
    ])
    expect(error.failures).toMatchObject([{ index: 150, outcome: 'invalid' }])
    expect(receipt).toMatchObject({ confirmed: 200 })
  })
})

class Money {
  readonly #cents = 500
  get amount(): number {
    return this.#cents
  }
}

/** As the dates of libraries: an invalid one is NaN as a number, and null in JSON. */
const otherDate = { valueOf: () => Number.NaN, toJSON: () => null }

describe('an item of which JSON loses something', () => {
  test.each([
    ['a URLSearchParams', new URLSearchParams('a=1'), /\$ is an object without fields/],
    ['a Blob', new Blob(['a']), /\$ is an object without fields/],
    ['Headers in a field', { with: new Headers({ a: 'b' }) }, /\$\.with is an object without fields/],
    ['an object with private fields alone', [new Money()], /\$\[0\] is an object without fields/],
    ['a WeakMap', { a: new WeakMap() }, /\$\.a is an object without fields/],
    ['an iterator', { a: [1].values() }, /\$\.a is an object without fields/],
    ['an invalid Date', new Date('never'), /\$ is an invalid date/],
    ['an invalid Date in a field', { at: new Date(Number.NaN) }, /\$\.at is an invalid date/],
    ['an invalid date of a library', { at: otherDate }, /\$\.at is an invalid date/],
    ['a Map behind toJSON', { toJSON: () => ({ map: new Map() }) }, /\$\.map is a Map/],
    ['an Error with a code', Object.assign(new Error('no'), { code: 'E' }), /\$ is an Error/],
    ['a SharedArrayBuffer in a field', { a: new SharedArrayBuffer(4) }, /\$\.a is bytes/],
  ])('is invalid: %s', async (_, item, reason) => {
    await using queue = await testQueue()
    const { failures } = await failureOf(enqueue(queue.name, [item], { url: brokerUrl() }))
    expect(failures).toMatchObject([{ index: 0, outcome: 'invalid', reason: expect.stringMatching(reason) }])
    expect(await queue.drain()).toEqual([])
  })

  test('is not one of these, which JSON keeps', async () => {
    await using queue = await testQueue()
    class Point {
      x = 1
    }
    const shared = { a: 1 }
    const kept: readonly unknown[] = [
      new Point(),
      {},
      [],
      Object.create(null),
      new Date(0),
      new URL('http://host/'),
      Object('text'),
      [shared, shared],
      { a: undefined, b: { toJSON: () => 'b' } },
    ]
    await enqueue(queue.name, kept, { url: brokerUrl() })
    expect(await queue.drain()).toEqual(kept.map((item) => JSON.stringify(item)))
  })
})
