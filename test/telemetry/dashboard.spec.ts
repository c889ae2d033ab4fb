import { readFile } from 'node:fs/promises'
import { brokerUrl } from '@internal/testing/broker-url'
import { testQueue } from '@internal/testing/test-queue'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { runJob, waitForJob } from '@podqueue/k8s'
import { startLocalCluster } from '@podqueue/k8s/local'
import { instrumentK8s } from '@podqueue/k8s/otel'
import { createProducer, EnqueueError } from '@podqueue/producer'
import { instrumentProducer } from '@podqueue/producer/otel'
import { consumeMany, DeadLetterError } from '@podqueue/worker'
import { instrumentWorker } from '@podqueue/worker/otel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prometheus } from './sdk.ts'

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
}
const dashboard: Dashboard = JSON.parse(
  await readFile(new URL('../../docs/grafana/podqueue.json', import.meta.url), 'utf8'),
)
const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...dashboard.templating.list
    .filter(({ name }) => name !== 'datasource')
    .map(({ name, query }) => [name, query] as const),
]

/** The labels of each metric, by its name, as Prometheus reads them. */
const metrics = new Map<string, Set<string>>()
let text = ''

async function scrape(): Promise<void> {
  const { resourceMetrics, errors } = await prometheus.collect()
  expect(errors).toEqual([])
  text = new PrometheusSerializer().serialize(resourceMetrics)
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)\{(.*)\} [^ ]+/gm)) {
    const known = metrics.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label)
    metrics.set(name, known)
  }
}

let queueName: string
beforeAll(async () => {
  const ends = [instrumentProducer(), instrumentWorker(), instrumentK8s()]
  await using made = await testQueue()
  queueName = made.name
  await using producer = createProducer({ url: brokerUrl() })
  const queue = producer.queue(made.name)
  // Everything that can happen to an item: done, failed, set aside, and one that cannot be published.
  await expect(
    queue.enqueue(['done', 'poison', 'flaky', 'x'.repeat(2_000)], { maxMessageBytes: 1_000 }),
  ).rejects.toThrow(EnqueueError)
  // And one that the broker refuses.
  const full = `${made.name}-full`
  await made.channel.assertQueue(full, { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } })
  await expect(producer.enqueue(full, ['taken', 'refused'])).rejects.toThrow(EnqueueError)
  await made.channel.deleteQueue(full)
  let failures = 0
  const handler = (item: { text(): string }): void => {
    if (item.text() === 'poison') throw new DeadLetterError('It is poison.')
    if (item.text() === 'flaky' && failures++ === 0) throw new Error('It was busy.')
  }
  await consumeMany(handler, { queue: made.name, url: brokerUrl() })
  await queue.inspect()
  await using cluster = await startLocalCluster({ images: { worker: ['true'] } })
  const scrapes: Promise<void>[] = []
  await runJob(
    { name: 'seen', image: 'worker', items: 2, queue: { name: made.name, podUrl: brokerUrl() } },
    { kubeConfig: cluster.kubeConfig, on: { progress: () => void scrapes.push(scrape()) } },
  )
  await expect(waitForJob('gone', { kubeConfig: cluster.kubeConfig })).rejects.toThrow(/no Job/)
  await Promise.all(scrapes)
  await scrape()
  for (const end of ends) end()
})
afterAll(() => prometheus.shutdown())

/** The metrics whose names a query has a pattern for, each part of which has to be of use. */
function metricsLike(pattern: string): string[] {
  return pattern.split('|').flatMap((part) => {
    const found = [...metrics.keys()].filter((name) => new RegExp(`^${part}$`).test(name))
    expect(found, part).not.toEqual([])
    return found
  })
}

describe('the dashboard', () => {
  test.each(queries)('asks in "%s" for metrics and labels that exist: %s', (_, query) => {
    const patterns = [...query.matchAll(/__name__=~"([^"]+)"/g)].map(([, pattern = '']) => pattern)
    const named =
      query.replaceAll(/"[^"]*"|by \([^)]*\)|, \w+\)$/g, '').match(/\b(messaging|podqueue)_\w+(?=[{,[)]|$)/g) ?? []
    const asked = [...named, ...patterns.flatMap(metricsLike)]
    expect(asked).not.toEqual([])
    const labels = [
      ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */)),
      ...[...query.matchAll(/[{,](\w+)[!=]?[=~]/g)].map(([, label = '']) => label),
      ...[...query.matchAll(/label_values\(.*, (\w+)\)/g)].map(([, label = '']) => label),
    ].filter((label) => label !== '__name__')
    for (const name of asked) {
      expect([...metrics.keys()], name).toContain(name)
      for (const label of labels) expect([...(metrics.get(name) ?? [])], `${label} of ${name}`).toContain(label)
    }
  })
})

test('the metrics of the guide are those that are measured', async () => {
  const guide = await readFile(new URL('../../docs/guides/observability.md', import.meta.url), 'utf8')
  const section = guide.slice(guide.indexOf('\n## Metrics'), guide.indexOf('\n## Diagnostics channels'))
  const named = [...section.matchAll(/`((?:messaging|podqueue)\.[a-z_.]+)`/g)].map(([, name = '']) => name)
  const guided = new Set(
    named.filter((name) => !/^podqueue\.(outcome|answer|pod\.state|job\.verdict)$|destination/.test(name)),
  )
  const { resourceMetrics } = await prometheus.collect()
  const measured = resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) =>
    all.map(({ descriptor }) => descriptor.name),
  )
  expect(new Set(measured)).toEqual(guided)
})

test('the numbers are those of the items', () => {
  const value = (name: string, labels: string): number => {
    const line = text
      .split('\n')
      .find((found) => found.startsWith(`${name}{`) && found.includes(`"${queueName}"`) && found.includes(labels))
    return Number(/\} (\S+)/.exec(line ?? '')?.[1])
  }
  expect(value('podqueue_producer_items_total', 'podqueue_outcome="confirmed"')).toBe(3)
  expect(value('podqueue_producer_items_total', 'podqueue_outcome="invalid"')).toBe(1)
  expect(value('podqueue_producer_in_flight', '')).toBe(0)
  expect(value('messaging_client_consumed_messages_total', '')).toBe(4)
  expect(value('podqueue_worker_items_total', 'podqueue_outcome="done"')).toBe(2)
  expect(value('podqueue_worker_items_total', 'podqueue_outcome="failed"')).toBe(1)
  expect(value('podqueue_worker_items_total', 'podqueue_outcome="dead-letter"')).toBe(1)
  expect(value('podqueue_worker_answers_total', 'podqueue_answer="ack"')).toBe(3)
  expect(value('podqueue_worker_in_flight', '')).toBe(0)
  expect(value('podqueue_queue_items_left', '')).toBe(0)
  expect(value('podqueue_queue_dead_letters', '')).toBe(1)
  expect(value('messaging_process_duration_count', 'error_type="HANDLER_FAILED"')).toBe(1)
})
