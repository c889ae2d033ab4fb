import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

/** The SDK of a test: spans stay in memory, and metrics are read as Prometheus would. */
export const spans = new InMemorySpanExporter()
export const prometheus = new PrometheusExporter({ preventServerStart: true })
export const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] })
const meterProvider = new MeterProvider({ readers: [prometheus] })

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
)
trace.setGlobalTracerProvider(tracerProvider)
metrics.setGlobalMeterProvider(meterProvider)
export const tracer = trace.getTracer('test')

/** One span, as the tests compare them, whether it comes from memory or over OTLP. */
export interface Seen {
  readonly name: string
  readonly traceId: string
  readonly id: string
  readonly parent: string | undefined
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  /** The ids of the spans that it links to. */
  readonly links: readonly string[]
  readonly failed: boolean
}

/** The spans of this process that have ended. */
export function seenSpans(): Seen[] {
  return spans.getFinishedSpans().map(seen)
}

function seen(span: ReadableSpan): Seen {
  return {
    name: span.name,
    traceId: span.spanContext().traceId,
    id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId,
    kind: span.kind,
    attributes: span.attributes,
    links: span.links.map(({ context: { spanId } }) => spanId),
    failed: span.status.code === 2,
  }
}
