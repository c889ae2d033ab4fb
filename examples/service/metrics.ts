import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { instrumentK8s } from '@podqueue/k8s/otel'
import { instrumentProducer } from '@podqueue/producer/otel'
import type { BrokerWatch } from './broker.ts'

/**
 * Makes the metrics and spans of podqueue in this process, and one metric of the service's own: whether its broker is there. The metrics
 * are read from the exporter that is returned. The spans go to the global tracer provider, which otlp.ts sets.
 */
export function startMetrics(broker: BrokerWatch): PrometheusExporter {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const meterProvider = new MeterProvider({ readers: [exporter] })
  instrumentProducer({ meterProvider })
  instrumentK8s({ meterProvider })
  meterProvider
    .getMeter('words')
    .createObservableGauge('words.broker.connected', {
      description: '1 while the service is connected to its broker, else 0',
    })
    .addCallback((gauge) => gauge.observe(broker.health.state === 'connected' ? 1 : 0))
  return exporter
}
