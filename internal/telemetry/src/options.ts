import type { Names, Problems } from '@internal/options'
import type { MeterProvider, TracerProvider } from '@opentelemetry/api'

/** Where telemetry goes. */
export interface TelemetryOptions {
  /** Gives the tracer. Default: the global one, also when an SDK registers it later. */
  readonly tracerProvider?: TracerProvider | undefined
  /** Gives the meter. Default: the global one at the first measurement. */
  readonly meterProvider?: MeterProvider | undefined
}

/** The names of these options. */
export const TELEMETRY_OPTIONS: Names<TelemetryOptions> = { tracerProvider: true, meterProvider: true }

export function checkTelemetryOptions(problems: Problems, given: TelemetryOptions): TelemetryOptions {
  const options = problems.options('options', given, TELEMETRY_OPTIONS)
  problems.methods('tracerProvider', options.tracerProvider, ['getTracer'])
  problems.methods('meterProvider', options.meterProvider, ['getMeter'])
  return options
}
