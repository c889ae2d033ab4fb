/**
 * Traces and metrics of `@podqueue/producer` by OpenTelemetry. Needs `@opentelemetry/api`.
 *
 * @module
 */

import '@internal/node-version'

export type { TelemetryOptions } from '@internal/telemetry'
export { instrumentProducer } from './instrument-producer.ts'
