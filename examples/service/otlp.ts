/**
 * Sends the spans of this process to where `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` says, by OTLP over HTTP.
 * Service and worker load it only where one of them is set.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

/** How long spans that are not sent yet hold up the end of the service. A worker has a bound of its own. */
const SEND_WITHIN_MS = 3_000

/** A batch of 10,000 items makes as many spans at once. Those that the default, 2,048, does not hold would be missing in its trace. */
const maxQueueSize = 50_000

const provider = new TracerProvider({
  // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before the default.
  resource: resourceFromAttributes({ 'service.name': 'words' }).merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), maxQueueSize })],
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(provider)

/** Sends the spans that are left, where the endpoint takes them in time. */
export async function sendSpans(): Promise<void> {
  await Promise.race([provider.forceFlush().catch(() => {}), sleep(SEND_WITHIN_MS)])
}
