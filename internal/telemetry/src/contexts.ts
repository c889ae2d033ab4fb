import {
  type Context,
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api'

/** The context that a message carries: a remote parent and baggage, where a publisher has set them. */
export function remoteContext(headers: Readonly<Record<string, unknown>>, base: Context = ROOT_CONTEXT): Context {
  return propagation.extract(base, headers)
}

/** A context within a span. */
export function childOf(span: Span, base: Context = context.active()): Context {
  return trace.setSpan(base, span)
}

/**
 * The key of `suppressTracing` in `@opentelemetry/core`, by its name: an app that traces has the SDK, and a library needs only the API.
 * https://github.com/open-telemetry/opentelemetry-js/blob/main/packages/opentelemetry-core/src/trace/suppress-tracing.ts
 */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** A context in which nothing makes a span, for work that has one: `@opentelemetry/instrumentation-amqplib` would make a second. */
export function untraced(base: Context): Context {
  return base.setValue(SUPPRESS_TRACING, true)
}
