import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Makes the span of a request that starts a run, within the trace of its client. Returns its context, as the header `traceparent` has it,
 * to be kept with the batch: the run belongs to it, also after a restart. Undefined without an SDK.
 */
export function traceRequest(
  { method, headers, routeOptions }: FastifyRequest,
  reply: FastifyReply,
): string | undefined {
  const client = propagation.extract(ROOT_CONTEXT, headers)
  const attributes = { 'http.request.method': method, 'http.route': routeOptions.url }
  const options = { kind: SpanKind.SERVER, attributes }
  const span = trace.getTracer('words').startSpan(`${method} ${routeOptions.url}`, options, client)
  reply.raw.once('close', () => {
    span.setAttribute('http.response.status_code', reply.statusCode)
    span.end()
  })
  const carrier: { traceparent?: string } = {}
  propagation.inject(trace.setSpan(client, span), carrier)
  return carrier.traceparent
}

/** Does work within the context that {@link traceRequest} returned. */
export function within<T>(traceparent: string | undefined, work: () => T): T {
  return context.with(propagation.extract(ROOT_CONTEXT, { traceparent }), work)
}
