import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { instrumentK8s } from '@podqueue/k8s/otel'
import { instrumentProducer } from '@podqueue/producer/otel'

/**
 * Makes the metrics and spans of podqueue in this process. The metrics are read from the exporter that is returned. The spans go to the
 * global tracer provider, which an SDK of OpenTelemetry sets: `node --import ./telemetry.mjs service.ts`.
 */
export function startMetrics(): PrometheusExporter {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const meterProvider = new MeterProvider({ readers: [exporter] })
  instrumentProducer({ meterProvider })
  instrumentK8s({ meterProvider })
  return exporter
}
