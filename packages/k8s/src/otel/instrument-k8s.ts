import { Problems } from '@internal/options'
import { checkTelemetryOptions, instrumentOnce, Subscriptions, type TelemetryOptions } from '@internal/telemetry'
import { metrics, trace } from '@opentelemetry/api'
import manifest from '../../package.json' with { type: 'json' }
import { K8sError } from '../errors.ts'
import { JobMetrics } from './job-metrics.ts'
import { JobSpans } from './job-spans.ts'

/**
 * Makes spans and metrics of each Job that this process runs, submits or waits for from now on.
 *
 * A second call does nothing, with a process warning, until the first one has ended.
 *
 * @returns a function that ends it
 * @throws {K8sError} `INVALID_OPTIONS`
 */
export function instrumentK8s(options: TelemetryOptions = {}): () => void {
  const problems = new Problems()
  const { tracerProvider = trace.getTracerProvider(), meterProvider } = checkTelemetryOptions(problems, options)
  problems.throwAs('instrumentK8s', (fields) => new K8sError(fields))
  const { name, version } = manifest
  return instrumentOnce(name, () => {
    const subscriptions = new Subscriptions()
    new JobSpans(tracerProvider.getTracer(name, version)).subscribe(subscriptions)
    new JobMetrics(() => (meterProvider ?? metrics.getMeterProvider()).getMeter(name, version)).subscribe(subscriptions)
    return () => subscriptions.end()
  })
}
