import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { context, trace } from '@opentelemetry/api'
import { collectResults, enqueue } from '@podqueue/producer'
import { instrumentProducer } from '@podqueue/producer/otel'
import { consumeMany, DeadLetterError } from '@podqueue/worker'
import { instrumentWorker } from '@podqueue/worker/otel'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { seenSpans, spans, tracer } from './sdk.ts'
import type { Seen } from './seen.ts'

const ends: (() => void)[] = []
beforeAll(() => void ends.push(instrumentProducer(), instrumentWorker()))
afterAll(() => {
  for (const end of ends) end()
})
beforeEach(() => spans.reset())

const one = (name: string): Seen => {
  const found = seenSpans().filter((span) => span.name === name)
  expect(found, name).toHaveLength(1)
  return found[0] as Seen
}
const all = (name: string): Seen[] => seenSpans().filter((span) => span.name === name)

test('an item is one trace from the call of enqueue to its result, with the handler in the middle', async () => {
  await using queue = await testQueue(false)
  const { name } = queue
  const url = brokerUrl()
  const handled: { readonly id: string | undefined; readonly header: unknown }[] = []
  const service = tracer.startSpan('service')
  await context.with(trace.setSpan(context.active(), service), async () => {
    const batch = await enqueue(name, ['apple'], { url, results: true })
    await consumeMany(
      async (item) => {
        await new Promise(setImmediate)
        handled.push({ id: trace.getActiveSpan()?.spanContext().spanId, header: item.headers.traceparent })
        return 'sweet'
      },
      { queue: name, url },
    )
    for await (const result of collectResults(batch, { url })) expect(result).toMatchObject({ value: 'sweet' })
  })
  service.end()
  const root = one('service')
  const called = one(`enqueue ${name}`)
  const published = one(`publish ${name}`)
  const received = one(`receive ${name}`)
  const processed = one(`process ${name}`)
  const acked = one(`ack ${name}`)
  const answered = one(`publish result ${name}`)
  const collected = one(`receive result ${name}`)
  const collecting = one(`collect ${name}`)
  expect(seenSpans()).toHaveLength(9)
  expect(new Set(seenSpans().map(({ traceId }) => traceId)).size, 'traces').toBe(1)
  expect(called.parent).toBe(root.id)
  expect(called.links).toEqual([published.id])
  expect(published.parent).toBe(called.id)
  expect(received.parent).toBe(published.id)
  expect(processed.parent).toBe(published.id)
  expect(acked.parent).toBe(processed.id)
  expect(answered.parent).toBe(processed.id)
  expect(collected.parent).toBe(answered.id)
  expect(collecting).toMatchObject({ parent: root.id, links: [collected.id] })
  expect(handled).toEqual([{ id: processed.id, header: `00-${root.traceId}-${processed.id}-01` }])
  expect(published.attributes).toMatchObject({
    'messaging.system': 'rabbitmq',
    'messaging.destination.name': name,
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'messaging.message.id': expect.any(String),
    'messaging.message.body.size': 5,
    'server.port': expect.any(Number),
  })
  expect(processed.attributes['messaging.message.id']).toBe(published.attributes['messaging.message.id'])
  expect(called.attributes).toMatchObject({ 'messaging.batch.message_count': 1 })
  expect(JSON.stringify(seenSpans()), 'no body, no password').not.toMatch(/apple|sweet|:[^:/@"]*@/)
})

test('a failed attempt and a dead letter are errors with our codes, and their answers are in the trace', async () => {
  await using queue = await testQueue()
  const { name } = queue
  const url = brokerUrl()
  await enqueue(name, ['poison', 'flaky'], { url })
  let attempts = 0
  await consumeMany(
    (item) => {
      if (item.text() === 'poison') throw new DeadLetterError('It is poison.')
      attempts += 1
      if (attempts === 1) throw new TypeError('It was busy.')
    },
    { queue: name, url },
  )
  const codes = all(`process ${name}`).map(({ attributes, failed }) => [attributes['error.type'], failed])
  expect(codes).toHaveLength(3)
  expect(codes).toEqual(
    expect.arrayContaining([
      ['DEAD_LETTERED', true],
      ['HANDLER_FAILED', true],
      [undefined, false],
    ]),
  )
  const poison = all(`process ${name}`).find(({ attributes }) => attributes['error.type'] === 'DEAD_LETTERED')
  expect(one(`publish dead-letter ${name}`)).toMatchObject({ parent: poison?.id, failed: false })
  expect(all(`ack ${name}`)).toHaveLength(2)
  expect(all(`reject ${name}`)).toHaveLength(1)
})
