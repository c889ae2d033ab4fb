import { Problems } from '@internal/options'
import { checkTelemetryOptions, instrumentOnce, Subscriptions, type TelemetryOptions } from '@internal/telemetry'
import { metrics, trace } from '@opentelemetry/api'
import manifest from '../../package.json' with { type: 'json' }
import { toProducerError } from '../errors.ts'
import { CollectSpans } from './collect-spans.ts'
import { ProducerMetrics } from './producer-metrics.ts'
import { PublishSpans } from './publish-spans.ts'

/**
 * Makes spans and metrics of everything that this package does in this process from now on: a span for each call of `enqueue` and
 * `collectResults`, and for each item. The items carry their context to the worker, and the results theirs back.
 *
 * A second call does nothing, with a process warning, until the first one has ended.
 *
 * @returns a function that ends it
 * @throws {ProducerError} `INVALID_OPTIONS`
 */
export function instrumentProducer(options: TelemetryOptions = {}): () => void {
  const problems = new Problems()
  const { tracerProvider = trace.getTracerProvider(), meterProvider } = checkTelemetryOptions(problems, options)
  problems.throwAs('instrumentProducer', toProducerError)
  const { name, version } = manifest
  return instrumentOnce(name, () => {
    const subscriptions = new Subscriptions()
    const tracer = tracerProvider.getTracer(name, version)
    const measured = new ProducerMetrics(() => (meterProvider ?? metrics.getMeterProvider()).getMeter(name, version))
    new PublishSpans(tracer, measured).subscribe(subscriptions)
    new CollectSpans(tracer).subscribe(subscriptions)
    measured.subscribe(subscriptions)
    return () => subscriptions.end()
  })
}
