import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import helmet from '@fastify/helmet'
import serveFiles from '@fastify/static'
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { renderTimeline } from '@podqueue/k8s/report'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import type { BrokerWatch } from './broker.ts'
import { liveBatches } from './live.ts'
import type { Runner } from './runner.ts'
import { KeyReused, type Store } from './store.ts'
import { traceRequest } from './tracing.ts'

/** The parts behind the API. */
export interface AppOptions {
  readonly store: Store
  readonly runner: Runner
  readonly broker: BrokerWatch
  /** The metrics of podqueue. */
  readonly metrics: PrometheusExporter
  /** Batches that may wait at most; one more is refused with 429. */
  readonly mostWaiting?: number
  /** The largest body of a request, bytes. */
  readonly bodyLimit?: number
  readonly logger?: boolean
}

const MOST_ITEMS = 10_000
const LONGEST_ITEM = 10_000
const MOST_LISTENERS = 200

const NEW_BATCH = {
  type: 'object',
  required: ['items'],
  additionalProperties: false,
  properties: {
    items: {
      type: 'array',
      minItems: 1,
      maxItems: MOST_ITEMS,
      items: { type: 'string', minLength: 1, maxLength: LONGEST_ITEM },
    },
    parallelism: { type: 'integer', minimum: 1, maximum: 16, default: 2 },
  },
} as const
const KEY = { type: 'object', properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 255 } } }
const ID = { type: 'object', properties: { id: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' } } }
const limit = { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }
const width = { type: 'integer', minimum: 320, maximum: 2_000, default: 1_100 }
const page = (properties: object) => ({ type: 'object', additionalProperties: false, properties })

interface OfBatch {
  Params: { id: string }
}

/** The API and the page. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { store, runner, broker, metrics, mostWaiting = 1_000, bodyLimit = 16 * 1024 * 1024, logger = false } = options
  const app = Fastify({
    logger,
    bodyLimit,
    // Nothing is bent into shape: a number that comes as text in a body is an error.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // A query is always text: digits are a number.
    routerOptions: { querystringParser: parseQuery },
  })
  app.removeContentTypeParser('text/plain')
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // That is for the proxy with TLS in front of the service.
    strictTransportSecurity: false,
  })
  await app.register(serveFiles, { root: fileURLToPath(new URL('page', import.meta.url)) })

  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    return reply
      .code(status)
      .send(
        status >= 500
          ? problem('INTERNAL_ERROR', 'The request failed. The log of the service says why.')
          : problem(CODES[error.code] ?? 'INVALID_REQUEST', error.message),
      )
  })
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(problem('NOT_FOUND', `There is no ${request.method} ${request.url.split('?')[0]}.`)),
  )

  const tooMany = (reply: FastifyReply): FastifyReply => {
    const full = problem('TOO_MANY_BATCHES', `${runner.waiting} batches wait already.`)
    return reply.code(429).header('retry-after', '60').send(full)
  }

  app.post<{ Body: { items: string[]; parallelism: number }; Headers: { 'idempotency-key'?: string } }>(
    '/batches',
    { schema: { body: NEW_BATCH, headers: KEY } },
    async (request, reply) => {
      if (runner.waiting >= mostWaiting) return tooMany(reply)
      const { items, parallelism } = request.body
      // It begins with the time, so that ids sort by age, and is a DNS label, so that it can be a run id.
      const fresh = `${Date.now().toString(36)}-${randomUUID().slice(0, 8)}`
      try {
        const id = store.add(fresh, items, {
          parallelism,
          key: request.headers['idempotency-key'],
          traceparent: traceRequest(request, reply),
        })
        if (id === fresh) runner.add(id)
        return reply.code(202).header('location', `/batches/${id}`).send(store.batch(id))
      } catch (error) {
        if (error instanceof KeyReused) return reply.code(409).send(problem('KEY_REUSED', error.message))
        throw error
      }
    },
  )

  app.get<{ Querystring: { limit: number; before?: string } }>(
    '/batches',
    { schema: { querystring: page({ limit, before: { type: 'string', maxLength: 40 } }) } },
    async ({ query }) => ({ batches: store.list(query.limit, query.before) }),
  )

  // Each route below is about one batch.
  await app.register(async (scope) => {
    scope.addHook<OfBatch>('preHandler', async ({ params: { id } }, reply) => {
      if (store.batch(id) === undefined) return reply.code(404).send(problem('NOT_FOUND', `There is no batch ${id}.`))
    })
    const schema = { params: ID }

    scope.get<OfBatch>('/batches/:id', { schema }, async ({ params: { id } }) => store.batch(id))

    scope.get<OfBatch & { Querystring: { after?: number; limit: number } }>(
      '/batches/:id/results',
      { schema: { ...schema, querystring: page({ limit, after: { type: 'integer', minimum: 0 } }) } },
      async ({ params: { id }, query: { after = -1, limit } }) => {
        const results = store.results(id, after, limit)
        return { results, next: results.length < limit ? null : (results.at(-1)?.index ?? null) }
      },
    )

    scope.get<OfBatch & { Querystring: { limit: number } }>(
      '/batches/:id/failures',
      { schema: { ...schema, querystring: page({ limit }) } },
      async ({ params: { id }, query }) => ({ failures: store.failures(id, query.limit) }),
    )

    scope.post<OfBatch>('/batches/:id/cancel', { schema }, async ({ params: { id } }, reply) => {
      if (!runner.cancel(id)) return reply.code(409).send(problem('BATCH_ENDED', `Batch ${id} has ended already.`))
      return reply.code(202).send(store.batch(id))
    })

    scope.post<OfBatch>('/batches/:id/retry', { schema }, async (request, reply) => {
      const { id } = request.params
      if (runner.waiting >= mostWaiting) return tooMany(reply)
      if (runner.retry(id, traceRequest(request, reply))) return reply.code(202).send(store.batch(id))
      const { total, done } = store.batch(id) ?? {}
      if (total !== done) return reply.code(409).send(notEnded(id))
      return reply.code(409).send(problem('NOTHING_TO_RETRY', `Each item of batch ${id} has a result.`))
    })

    scope.delete<OfBatch>('/batches/:id', { schema }, async ({ params: { id } }, reply) => {
      if (store.remove(id)) return reply.code(204).send()
      return reply.code(409).send(notEnded(id))
    })

    scope.get<OfBatch & { Querystring: { width: number } }>(
      '/batches/:id/picture.svg',
      // `run` makes the address of each run's picture its own: browsers keep it.
      { schema: { ...schema, querystring: page({ width, run: { type: 'integer' } }) } },
      async ({ params: { id }, query }, reply) => {
        const timeline = store.timeline(id)
        if (timeline === undefined) return reply.code(404).send(problem('NOT_FOUND', `Batch ${id} has no picture.`))
        // Its styles are its own; it loads nothing and runs nothing.
        reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
        reply.header('cache-control', 'private, max-age=3600')
        return reply.type('image/svg+xml').send(await renderTimeline({ timeline }, { width: query.width }))
      },
    )

    scope.get<OfBatch>('/batches/:id/events', { schema }, async ({ params: { id } }, reply) => live(reply, id))
  })

  let listeners = 0
  const live = (reply: FastifyReply, about?: string): FastifyReply => {
    if (listeners >= MOST_LISTENERS)
      return reply.code(503).send(problem('TOO_MANY_LISTENERS', `${listeners} listen already.`))
    const gone = new AbortController()
    listeners += 1
    reply.raw.once('close', () => {
      listeners -= 1
      gone.abort()
    })
    // Its connection ends with it: one that is kept alive would hold up the end of the service.
    reply.header('connection', 'close')
    const events = liveBatches(store, broker, about, AbortSignal.any([gone.signal, stopping.signal]))
    return reply.type('text/event-stream').header('cache-control', 'no-store').send(Readable.from(events))
  }
  app.get('/events', async (_request, reply) => live(reply))

  app.get('/metrics', async (request, reply) => {
    reply.hijack()
    metrics.getMetricsRequestHandler(request.raw, reply.raw)
  })
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    store.list(1)
    if (stopping.signal.aborted) return reply.code(503).send({ status: 'stopping' })
    // Without its broker it is ready too: batches are accepted, and run when the broker is back.
    return { status: 'ok', waiting: runner.waiting, broker: broker.health }
  })
  return app
}

function parseQuery(text: string): Record<string, unknown> {
  const pairs = [...new URLSearchParams(text)]
  return Object.fromEntries(pairs.map(([name, value]) => [name, /^\d{1,15}$/.test(value) ? Number(value) : value]))
}

const notEnded = (id: string) =>
  problem(
    'BATCH_NOT_ENDED',
    `Batch ${id} has not ended, or is being cleared from the broker. Cancel it first, or ask again.`,
  )

const CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'NOT_JSON',
  FST_ERR_CTP_INVALID_JSON_BODY: 'NOT_JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'NOT_JSON',
}

function problem(
  code: string,
  message: string,
): { readonly error: { readonly code: string; readonly message: string } } {
  return { error: { code, message } }
}
