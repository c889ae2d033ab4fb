import '@podqueue/worker/otel/register'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { MARK, seen } from './seen.ts'

/** Prints spans, for a test that reads the logs of pods: no cluster has a way from its pods to each machine that tests run on. */
const exporter: SpanExporter = {
  export: (spans: ReadableSpan[], done) => {
    for (const span of spans) process.stderr.write(`${MARK}${JSON.stringify(seen(span))}\n`)
    done({ code: 0 })
  },
  shutdown: async () => {},
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
// In an hour by itself: only a flush at the end of the process makes it print anything.
const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: 3_600_000 })
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }))
