import { context, trace } from '@opentelemetry/api'
import { type RunJobOptions, type RunSpec, runJob } from '@podqueue/k8s'
import { instrumentK8s } from '@podqueue/k8s/otel'
import { createProducer } from '@podqueue/producer'
import { instrumentProducer } from '@podqueue/producer/otel'
import { expect } from 'vitest'
import { seenSpans, spans, tracer } from './sdk.ts'
import { MARK, type Seen } from './seen.ts'

/** Prints the context that a program gets. Its standard output is the result of its item. */
export const PROGRAM = ['sh', '-c', 'echo "$TRACEPARENT"']

/**
 * Puts three items into a queue, runs a Job over them whose pods run {@link PROGRAM}, collects the results, and checks that all of it
 * is one trace: with the spans of this process, and with those that the pods print.
 */
export async function expectOneTrace(
  { queue: name, url }: { readonly queue: string; readonly url: string },
  spec: RunSpec,
  options: RunJobOptions,
): Promise<void> {
  spans.reset()
  const ends = [instrumentProducer(), instrumentK8s()]
  const printed: string[] = []
  const results: unknown[] = []
  const service = tracer.startSpan('service')
  try {
    await context.with(trace.setSpan(context.active(), service), async () => {
      await using producer = createProducer({ url })
      const queue = producer.queue(name)
      const batch = await queue.enqueue(['apple', 'banana', 'cherry'], { results: true })
      await runJob(spec, { ...options, queue, on: { podLog: ({ line }) => void printed.push(line) } })
      for await (const result of queue.collectResults(batch)) {
        results[result.index] = result.status === 'done' ? result.value : result
      }
    })
  } finally {
    service.end()
    for (const end of ends) end()
  }
  const inPods = printed
    .filter((line) => line.startsWith(MARK))
    .map((line): Seen => JSON.parse(line.slice(MARK.length)))
  const all = [...seenSpans(), ...inPods]
  const named = (start: string): Seen[] => all.filter(({ name: full }) => full === start)
  const one = (start: string): Seen => {
    expect(named(start), start).toHaveLength(1)
    return named(start)[0] as Seen
  }
  expect([...new Set(all.map(({ traceId }) => traceId))], 'traces').toEqual([service.spanContext().traceId])
  const root = one('service')
  const enqueued = one(`enqueue ${name}`)
  expect(enqueued).toMatchObject({ parent: root.id, attributes: { 'messaging.batch.message_count': 3 } })
  const collecting = one(`collect ${name}`)
  expect(collecting).toMatchObject({ parent: root.id, attributes: { 'messaging.batch.message_count': 3 } })
  for (const index of [0, 1, 2]) {
    const of = (spans: readonly Seen[], key: string, value: unknown): Seen => {
      const found = spans.filter(({ attributes }) => attributes[key] === value)
      expect(found, `${key} ${value}`).toHaveLength(1)
      return found[0] as Seen
    }
    const published = of(named(`publish ${name}`), 'podqueue.item.index', index)
    const id = published.attributes['messaging.message.id']
    const received = of(
      inPods.filter((span) => span.name === `receive ${name}`),
      'messaging.message.id',
      id,
    )
    const processed = of(
      inPods.filter((span) => span.name === `process ${name}`),
      'messaging.message.id',
      id,
    )
    const answered = of(
      inPods.filter((span) => span.name === `publish result ${name}`),
      'messaging.message.id',
      id,
    )
    const acked = of(
      inPods.filter((span) => span.name === `ack ${name}`),
      'messaging.message.id',
      id,
    )
    const collected = of(named(`receive result ${name}`), 'podqueue.item.index', index)
    expect(published.parent, 'publish in enqueue').toBe(enqueued.id)
    expect(enqueued.links).toContain(published.id)
    expect([received.parent, processed.parent], 'receive and process in publish').toEqual([published.id, published.id])
    expect([answered.parent, acked.parent], 'the result and the ack in process').toEqual([processed.id, processed.id])
    expect(collected.parent, 'what is collected in what was published').toBe(answered.id)
    expect(collecting.links).toContain(collected.id)
    expect(results[index], 'the program goes on with process').toBe(`00-${root.traceId}-${processed.id}-01\n`)
  }
  const run = one('run Job')
  expect(run).toMatchObject({
    parent: root.id,
    attributes: { 'podqueue.job.verdict': 'complete', 'podqueue.job.leftover': 0 },
  })
  expect(one('submit Job')).toMatchObject({ parent: run.id, attributes: { 'k8s.job.name': spec.name } })
  expect(one('wait Job')).toMatchObject({ parent: run.id, attributes: { 'podqueue.job.succeeded': 3 } })
}
