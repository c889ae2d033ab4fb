import { Problems } from '@internal/options'
import {
  checkTelemetryOptions,
  type Flushable,
  flush,
  instrumentOnce,
  Subscriptions,
  type TelemetryOptions,
} from '@internal/telemetry'
import { metrics, trace } from '@opentelemetry/api'
import manifest from '../../package.json' with { type: 'json' }
import type { ExitDiagnostic } from '../diagnostics.ts'
import { toWorkerError } from '../errors.ts'
import { ItemSpans } from './item-spans.ts'
import { WorkerMetrics } from './worker-metrics.ts'

/** The longest wait of a pod that ends for spans and metrics that are not sent yet, milliseconds. */
const FLUSH_TIMEOUT_MS = 5_000

/**
 * Makes spans and metrics of each item that this process takes from now on. The handler runs within the span of its item, which goes on
 * with the trace that the item carries; a program gets it in `TRACEPARENT`. Before the process of `runWorker` or `podqueue-worker`
 * ends, the providers are flushed, in at most 5 seconds.
 *
 * A second call does nothing, with a process warning, until the first one has ended.
 *
 * @returns a function that ends it
 * @throws {WorkerError} `INVALID_OPTIONS`
 */
export function instrumentWorker(options: TelemetryOptions = {}): () => void {
  const problems = new Problems()
  const { tracerProvider = trace.getTracerProvider(), meterProvider } = checkTelemetryOptions(problems, options)
  problems.throwAs('instrumentWorker', toWorkerError)
  const { name, version } = manifest
  const meters = () => meterProvider ?? metrics.getMeterProvider()
  return instrumentOnce(name, () => {
    const subscriptions = new Subscriptions()
    new ItemSpans(tracerProvider.getTracer(name, version)).subscribe(subscriptions)
    new WorkerMetrics(() => meters().getMeter(name, version)).subscribe(subscriptions)
    subscriptions.add('podqueue:exit', ({ waitUntil }: ExitDiagnostic) => {
      waitUntil(flush([tracerProvider, meters()] as readonly Flushable[], FLUSH_TIMEOUT_MS))
    })
    return () => subscriptions.end()
  })
}
