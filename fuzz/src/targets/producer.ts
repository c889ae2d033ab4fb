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
  purgeDeadLetters,
  type QueueView,
  requeueDeadLetters,
} from '@podqueue/producer'
import fc from 'fast-check'
import { call } from '../call.ts'
import { arrayOf, type Given, given, objectOf, objectWith } from '../given.ts'
import { MemoryConnection } from '../memory-broker.ts'
import { listener, loggers, mostly, noTime, odd, seldom, signals } from '../odd-values.ts'
import { BODY, PASSWORD } from '../secrets.ts'
import type { Target } from '../target.ts'

const memory = given('an open connection', () => new MemoryConnection())
const connection = fc.oneof({ weight: 30, arbitrary: fc.constant(memory) }, { weight: 1, arbitrary: odd })

export const queueName: fc.Arbitrary<Given> = mostly('q', 'q', 'q', 'other', 'é')

export const headers: fc.Arbitrary<Given> = fc.oneof(
  arrayOf(odd, 3),
  objectOf({
    a: odd,
    b: odd,
    'x-death': odd,
    CC: odd,
    BCC: mostly(['q']),
    'x-podqueue-sequence': odd,
    ['k'.repeat(300)]: odd,
  }),
  fc
    .dictionary(
      fc.string({ maxLength: 6 }),
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withNullPrototype: true }),
    )
    .map((value) => given(fc.stringify(value), () => value)),
)

const fields = objectOf({
  id: mostly('id-1', 'é'.repeat(200)),
  headers: fc.oneof(headers, odd),
  contentType: mostly('text/plain', 'a/b'),
  priority: mostly(0, 9, 255, 256),
  expiration: seldom,
  unknown: seldom,
})

const message: fc.Arbitrary<Given> = fc.tuple(odd, fields).map(([body, more]) =>
  given(`createMessage(${body.label}, ${more.label}) if it is one`, () => {
    try {
      return createMessage(body.make() as string, more.make() as never)
    } catch {
      return BODY
    }
  }),
)

const item = fc.oneof(
  odd,
  message,
  mostly(BODY, `${BODY} é`),
  fc.json().map((text) => given(text, () => JSON.parse(text))),
)

const failing = (): never => {
  throw new Error('a source of the app')
}
export const items: fc.Arbitrary<Given> = fc.oneof(
  { weight: 6, arbitrary: arrayOf(item, 8) },
  { weight: 1, arbitrary: odd },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      given('a generator that throws', function* () {
        yield BODY
        failing()
      }),
      given('an iterator whose return throws', () => ({
        [Symbol.iterator]: () => {
          let left = 20
          return { next: () => ({ done: left-- === 0, value: Symbol('x') }), return: failing }
        },
      })),
      given('an async generator that rejects', async function* () {
        yield BODY
        await Promise.reject(Object.create(null))
      }),
      given('an iterator of no results', () => ({ [Symbol.iterator]: () => ({ next: () => 5 }) })),
    ),
  },
)

const on = objectOf({
  connected: listener,
  disconnected: listener,
  blocked: listener,
  progress: listener,
  unknown: seldom,
})

const connecting = {
  tls: seldom,
  connectTimeoutMs: mostly(50),
  logger: fc.oneof({ weight: 9, arbitrary: loggers }, { weight: 1, arbitrary: odd }),
  on: fc.oneof({ weight: 9, arbitrary: on }, { weight: 1, arbitrary: odd }),
}

const schema = fc.oneof(
  seldom,
  fc.constantFrom(
    ...[undefined, {}, { issues: [] }, { issues: [{ message: 'no' }] }, { issues: [null] }, { value: 1 }].map(
      (result) =>
        given(`a schema that returns ${JSON.stringify(result)}`, () => ({
          '~standard': { version: 1, vendor: 'x', validate: () => result },
        })),
    ),
    given('a schema that rejects', () => ({
      '~standard': { version: 1, vendor: 'x', validate: async () => failing() },
    })),
  ),
)

/** One that fails is left out: its own error comes back. */
const run = mostly(given('a run that is over', () => Promise.resolve()))

const publishing = {
  window: mostly(1, 2, 2_000),
  windowBytes: mostly(1, 1_000),
  maxMessageBytes: mostly(1, 100),
  maxFailures: mostly(1, 3),
  confirmTimeoutMs: mostly(50),
  blockedTimeoutMs: mostly(50),
  schema,
  encode: mostly(given('() => "x"', () => () => 'x')),
  messageId: mostly(given('() => "id"', () => () => 'id')),
  signal: fc.oneof({ weight: 9, arbitrary: signals }, { weight: 1, arbitrary: odd }),
  unknown: seldom,
}

/** The fastest way to an answer: a connection of the app's own, or no second attempt. */
const required = { reconnectForMs: noTime, connection }

const address = { reconnectForMs: noTime, url: mostly(`amqp://app:${PASSWORD}@127.0.0.1:1`) }
const options = (more: Readonly<Record<string, fc.Arbitrary<Given>>>): fc.Arbitrary<Given> =>
  fc.oneof(
    { weight: 15, arbitrary: objectWith(required, { ...connecting, ...more }) },
    { weight: 5, arbitrary: objectWith(address, { ...connecting, ...more }) },
    { weight: 1, arbitrary: odd },
  )

export const messages: Target = {
  name: 'createMessage',
  runs: 500,
  property: fc.asyncProperty(odd, fc.oneof(fields, odd), async (body, more) => {
    await call('createMessage', [body.make(), more.make()], createMessage as never)
  }),
}

export const enqueueing: Target = {
  name: 'enqueue',
  runs: 400,
  property: fc.asyncProperty(queueName, items, options(publishing), async (queue, all, more) => {
    // The cause is the value that a source, an encoder or a schema of the app threw.
    await call('enqueue', [queue.make(), all.make(), more.make()], enqueue as never, { ownCause: true })
  }),
}

const declaring = {
  type: mostly('quorum'),
  deliveryLimit: mostly(1, 20),
  maxLength: mostly(100),
  consumerTimeoutMs: mostly(60_000),
  arguments: seldom,
  signal: fc.oneof({ weight: 9, arbitrary: signals }, { weight: 1, arbitrary: odd }),
  unknown: seldom,
}

export const queues: Target = {
  name: 'declareQueue, inspectQueue',
  runs: 400,
  property: fc.asyncProperty(
    queueName,
    options(declaring),
    options({ verifyTimeoutMs: mostly(50), signal: signals }),
    async (queue, one, other) => {
      await call('declareQueue', [queue.make(), one.make()], declareQueue as never)
      await call('inspectQueue', [queue.make(), other.make()], inspectQueue as never)
      // The arguments in the wrong order
      await call('inspectQueue', [other.make(), queue.make()], inspectQueue as never)
    },
  ),
}

export const producers: Target = {
  name: 'createProducer',
  runs: 200,
  property: fc.asyncProperty(options({}), queueName, items, objectOf(publishing), async (one, queue, all, more) => {
    const producer = (await call('createProducer', [one.make()], createProducer as never)) as
      | ReturnType<typeof createProducer>
      | undefined
    if (producer === undefined) return
    const { enqueue: add, inspectQueue: look, declareQueue: declare, close } = producer
    await call('producer.enqueue', [queue.make(), all.make(), more.make()], add.bind(producer) as never, {
      ownCause: true,
    })
    await call('producer.inspectQueue', [queue.make()], look.bind(producer) as never)
    await call('producer.declareQueue', [queue.make(), more.make()], declare.bind(producer) as never)
    const view = (await call('producer.queue', [queue.make()], producer.queue.bind(producer) as never)) as
      | QueueView
      | undefined
    if (view !== undefined) {
      await call('queue.inspect', [more.make()], view.inspect as never)
      await call('queue.deleteBatch', [all.make()], view.deleteBatch as never)
    }
    await call('producer.close', [more.make()], close.bind(producer) as never)
    await producer.close()
  }),
}

export const deadLetters: Target = {
  name: 'dead letters, deleteQueue',
  runs: 100,
  property: fc.asyncProperty(
    queueName,
    options({ limit: mostly(1, 10), batch: mostly('b1'), verifyTimeoutMs: mostly(50), signal: signals }),
    options({ limit: mostly(1, 10), ids: mostly(['id-1']), confirmTimeoutMs: mostly(50), signal: signals }),
    options({ discardItems: mostly(true, false), batches: mostly(['b1']), signal: signals, unknown: seldom }),
    async (queue, listing, requeueing, deleting) => {
      await call('listDeadLetters', [queue.make(), listing.make()], listDeadLetters as never)
      await call('requeueDeadLetters', [queue.make(), requeueing.make()], requeueDeadLetters as never)
      await call('purgeDeadLetters', [queue.make(), deleting.make()], purgeDeadLetters as never)
      await call('deleteQueue', [queue.make(), deleting.make()], deleteQueue as never)
    },
  ),
}

const batch = fc.oneof(
  { weight: 9, arbitrary: objectWith({ queue: queueName, id: mostly('0199d2c4-batch', 'id-1') }, { unknown: seldom }) },
  { weight: 1, arbitrary: odd },
)

/** Collects a few results at most: a broker in memory has no streams. */
async function collectSome(...args: Parameters<typeof collectResults>): Promise<number> {
  let collected = 0
  for await (const _ of collectResults(...args)) if (++collected === 10) break
  return collected
}

export const results: Target = {
  name: 'collectResults, deleteBatch',
  runs: 100,
  property: fc.asyncProperty(
    batch,
    options({ schema, after: mostly(0, 7), run, keep: mostly(true), signal: signals }),
    options({ signal: signals }),
    async (one, collecting, deleting) => {
      await call('collectResults', [one.make(), collecting.make()], collectSome as never, { ownCause: true })
      await call('deleteBatch', [one.make(), deleting.make()], deleteBatch as never)
    },
  ),
}
