import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Batch } from '../store.ts'
import { get, post, stage, UNTIL } from './stage.ts'

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

interface TraceExport {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

/** A receiver of OTLP over HTTP: the spans that it got, each with its `service.name`. */
async function startReceiver() {
  const spans: (Span & { readonly service: string | undefined })[] = []
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as TraceExport
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ ...span, service })
    }
    response.setHeader('content-type', 'application/json').end('{}')
  })
  return { spans, ...(await listening(server)) }
}

async function listening(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const dispose = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
  }
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { endpoint, [Symbol.asyncDispose]: dispose }
}

test('a batch is one trace, from the request of its client over the pod to its result, also when the service ends in between', async () => {
  await using around = await stage()
  await using receiver = await startReceiver()
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, WORK_MS: '1000' }
  const first = await around.start(settings)
  const [traceId, client] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7']
  const answer = await post(first.url, { items: ['two words'] }, { traceparent: `00-${traceId}-${client}-01` })
  const { id } = (await answer.json()) as Batch
  around.sweep(id)
  await expect.poll(() => get(first.url, `/batches/${id}`), UNTIL).toMatchObject({ pods: { ready: 1 } })
  // Spans that wait for more are sent before it ends.
  expect(await first.end('SIGTERM')).toEqual([0, null])
  const again = await around.start(settings)
  await expect.poll(() => get(again.url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', done: 1 })
  expect(await again.end('SIGTERM')).toEqual([0, null])

  const queue = `${around.prefix}-${id}`
  const ways = receiver.spans.filter(({ name }) => name === `receive result ${queue}`).map(wayTo)
  expect(ways).toContainEqual([
    `${client} of the client`,
    'words: POST /batches',
    `words: enqueue ${queue}`,
    `words: publish ${queue}`,
    `words-worker: process ${queue}`,
    `words-worker: publish result ${queue}`,
    `words: receive result ${queue}`,
  ])
  const request = receiver.spans.find(({ name }) => name === 'POST /batches')
  const run = receiver.spans.find(({ name }) => name === 'run Job')
  expect(run).toMatchObject({ traceId, parentSpanId: request?.spanId })

  /** A span and its parents, the first one first. */
  function wayTo(span: (typeof receiver.spans)[number]): string[] {
    expect(span.traceId).toBe(traceId)
    const parent = receiver.spans.find(({ spanId }) => spanId === span.parentSpanId)
    const before = parent === undefined ? [`${span.parentSpanId} of the client`] : wayTo(parent)
    return [...before, `${span.service}: ${span.name}`]
  }
})

test('a batch is done, and the service ends, where the receiver of spans never answers', async () => {
  await using around = await stage()
  await using silent = await listening(createServer(() => {}))
  const hour = '3600000'
  const { url, end } = await around.start({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${silent.endpoint}/v1/traces`,
    OTEL_EXPORTER_OTLP_TIMEOUT: hour,
    OTEL_SERVICE_NAME: 'counting',
  })
  const answer = await post(url, { items: ['two words'] })
  const { id } = (await answer.json()) as Batch
  around.sweep(id)
  await expect.poll(() => get(url, `/batches/${id}`), UNTIL).toMatchObject({ state: 'done', done: 1 })
  expect(await end('SIGTERM')).toEqual([0, null])
})
