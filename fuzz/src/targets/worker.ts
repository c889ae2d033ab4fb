import { consumeMany, consumeOne, DeadLetterError } from '@podqueue/worker'
import { createTestItem } from '@podqueue/worker/testing'
import fc from 'fast-check'
import { call } from '../call.ts'
import { type Given, given, objectOf, objectWith } from '../given.ts'
import { MemoryConnection } from '../memory-broker.ts'
import { loggers, mostly, noTime, odd, seldom, signals, thrown } from '../odd-values.ts'
import { BODY, PASSWORD } from '../secrets.ts'
import type { Target } from '../target.ts'

const properties = fc.record(
  {
    messageId: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('id-1')),
    contentType: fc.oneof(fc.string(), fc.constant('application/json')),
    priority: fc.integer({ min: 0, max: 255 }),
    headers: fc.dictionary(fc.string({ maxLength: 8 }), fc.anything({ withBigInt: true, withDate: true })),
  },
  { requiredKeys: [] },
)
const message = fc.record({
  content: fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.constant(Buffer.from(`"${BODY}"`)),
  ),
  properties: properties as fc.Arbitrary<Record<string, unknown>>,
})

const connection = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .array(message, { maxLength: 3 })
      .map((messages) => given(`a connection with ${fc.stringify(messages)}`, () => new MemoryConnection(messages))),
  },
  { weight: 1, arbitrary: odd },
)

/** Handlers that end in each way that code can end in. */
const handler: fc.Arbitrary<Given> = fc.oneof(
  // A handler has no time limit, so one that never settles holds its call.
  { weight: 1, arbitrary: odd.filter(({ label }) => label !== '() => never') },
  {
    weight: 6,
    arbitrary: fc
      .tuple(thrown, fc.constantFrom('throws', 'rejects', 'returns', 'gives up', 'reads'))
      .map(([value, way]) =>
        given(`a handler that ${way} ${value.label}`, () => async (item: { text(): string; json(): unknown }) => {
          if (way === 'reads') {
            item.text()
            return item.json()
          }
          if (way === 'gives up') throw new DeadLetterError('this item cannot be done', { cause: value.make() })
          if (way === 'returns') return value.make()
          if (way === 'rejects') return await Promise.reject(value.make())
          throw value.make()
        }),
      ),
  },
)

const options = {
  url: mostly(`amqp://app:${PASSWORD}@127.0.0.1:1`),
  tls: seldom,
  connectTimeoutMs: mostly(50),
  notFoundRetryMs: mostly(1),
  empty: mostly('exit'),
  idleTimeoutMs: mostly(24_001),
  retries: mostly(0, 1),
  retryDelayMs: mostly(1),
  uncountedLimit: mostly(1, 5),
  graceMs: mostly(1, 10),
  ackTimeoutMs: mostly(50),
  signal: fc.oneof({ weight: 9, arbitrary: signals }, { weight: 1, arbitrary: odd }),
  logger: fc.oneof({ weight: 9, arbitrary: loggers }, { weight: 1, arbitrary: odd }),
  on: mostly(
    {},
    given('a listener', () => ({ resultUnclaimed: () => {} })),
  ),
  unknown: seldom,
}
const required = {
  queue: mostly('q', 'q', 'q', 'other'),
  connection,
  reconnectForMs: noTime,
  emptyCheckDelayMs: mostly(1),
}

const one = fc.oneof({ weight: 12, arbitrary: objectWith(required, options) }, { weight: 1, arbitrary: odd })
const many = fc.oneof(
  {
    weight: 12,
    arbitrary: objectWith(required, {
      ...options,
      concurrency: mostly(1, 3, 65_535),
      maxItems: mostly(1, 2),
      maxDurationMs: mostly(1, 50),
      maxConsecutiveFailures: mostly(1, 5),
    }),
  },
  { weight: 1, arbitrary: odd },
)

export const consuming: Target = {
  name: 'consumeOne, consumeMany',
  runs: 200,
  property: fc.asyncProperty(handler, one, many, async (handle, single, several) => {
    await call('consumeOne', [handle.make(), single.make()], consumeOne as never, { ownCause: true })
    await call('consumeMany', [handle.make(), several.make()], consumeMany as never, { ownCause: true })
  }),
}

const overrides = objectOf({
  queue: mostly('q'),
  id: mostly('id'),
  contentType: mostly('text/plain'),
  headers: odd,
  priority: mostly(1),
  redelivered: mostly(true),
  deliveryCount: mostly(1),
  unknown: seldom,
})

export const testItems: Target = {
  name: 'createTestItem',
  runs: 500,
  property: fc.asyncProperty(odd, fc.oneof(overrides, odd), odd, async (body, more, schema) => {
    const item = (await call('createTestItem', [body.make(), more.make()], createTestItem as never)) as
      | ReturnType<typeof createTestItem>
      | undefined
    if (item === undefined) return
    await call('item.text', [], () => item.text())
    await call('item.json', [], () => item.json())
    await call('item.json(schema)', [schema.make()], ((value: never) => item.json(value)) as never, { ownCause: true })
  }),
}
